/**
 * What the library offers on other threads than the machine's own: the same regions, with copies of
 * bytes where the owner's thread has the bytes themselves.
 */
import type { AsyncRegion, Group, MachineStats, MapOptions, PinOptions, Region } from '../api.ts';

/** As much of a MessagePort as is needed. */
export interface PortLike {
  postMessage(value: unknown, transfer?: readonly ArrayBuffer[]): void;
  on(event: 'message' | 'close', listener: (value?: unknown) => void): unknown;
  close(): void;
  unref?(): void;
}

export interface ServeOptions {
  /** Regions that the client can open by name; it cannot unmap them. Default none. */
  readonly regions?: readonly Region[];
  /** Who pays for what the client maps. Default: the root group. */
  readonly group?: Group;
}

/** A page that stays where it is, used from another thread. */
export interface RemotePin {
  readonly page: number;
  /**
   * The page's 4096 bytes: a copy. If it was pinned for writing, what is in it at the release
   * becomes the page's.
   */
  readonly bytes: Uint8Array;
  /** Lets the page go; again: nothing. Resolves when what was written is in the page. */
  release(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A region used from another thread. */
export interface RemoteRegion extends AsyncRegion {
  pin(page: number, options?: PinOptions): Promise<RemotePin>;
  /** As {@link Region.copy}; this client pays as for what it maps. */
  copy(options?: { readonly name?: string }): Promise<RemoteRegion>;
}

/** A machine used from another thread. All its calls are requests to the thread that owns it. */
export interface MachineClient {
  /** Makes an empty region, which ends with the client. */
  map(options: Omit<MapOptions, 'group'>): Promise<RemoteRegion>;
  /** Opens a region that the owner shares, by name. */
  region(name: string): Promise<RemoteRegion>;
  stats(): Promise<MachineStats>;
  /**
   * Ends the connection: what is under way ends first, pins are released, and regions that were
   * made here are unmapped. Asked again, it is the same promise.
   */
  close(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
