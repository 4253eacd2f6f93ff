/**
 * What a machine and its clients on other threads say to each other: batches of requests one way,
 * batches of replies the other, in any order. Long transfers are cut into pieces, and a client has
 * only so many pieces and bytes under way; so neither side's queue grows without limit, whatever
 * the other one does.
 */
import type { PortableError } from '../../std/portable-error.ts';
import { KIB, MIB } from '../../std/units.ts';
import type { MachineStats } from '../api.ts';

/** Bytes of a piece at most. */
export const PIECE_BYTES: number = 256 * KIB;
/** Requests under way at most, and their bytes; requests that end something do not count. */
export const REQUESTS_MAX = 64;
export const BYTES_MAX: number = 4 * MIB;

/** A request; `id` is the client's, and unique among those under way. */
export type PortRequest = { readonly id: number } & (
  | {
      readonly op: 'map';
      readonly bytes: number | string;
      readonly order?: number | undefined;
      readonly name?: string | undefined;
    }
  | { readonly op: 'open'; readonly name: string }
  | { readonly op: 'copy'; readonly region: number; readonly name: string | undefined }
  | { readonly op: 'unmap'; readonly region: number }
  | {
      readonly op: 'read';
      readonly region: number;
      readonly offset: number;
      readonly length: number;
    }
  | {
      readonly op: 'write';
      readonly region: number;
      readonly offset: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
    }
  | {
      readonly op: 'discard' | 'pageout' | 'prefetch';
      readonly region: number;
      readonly offset: number;
      readonly length: number;
    }
  | { readonly op: 'pin'; readonly region: number; readonly page: number; readonly write: boolean }
  | {
      readonly op: 'release';
      readonly pin: number;
      readonly bytes: Uint8Array<ArrayBuffer> | undefined;
    }
  | { readonly op: 'stats' }
  | { readonly op: 'close' }
  /** Nobody waits for that request any more; this one has no reply. */
  | { readonly op: 'abandon'; readonly request: number }
);

/** A region as a client is told of it. */
export interface RegionInfo {
  readonly region: number;
  readonly name: string;
  readonly bytes: number;
}

export interface PinInfo {
  readonly pin: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type PortValue = undefined | Uint8Array<ArrayBuffer> | RegionInfo | PinInfo | MachineStats;

export type PortReply =
  | { readonly id: number; readonly value: PortValue }
  | { readonly id: number; readonly error: PortableError };
