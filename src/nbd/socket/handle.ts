/** The part of a socket's handle that is relied on; internal to Node. */
export interface StreamHandle {
  readonly fd?: unknown;
  readonly useUserBuffer?: unknown;
  readStop(): unknown;
  close(closed?: () => void): void;
}
