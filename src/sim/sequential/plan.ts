/** What the sequential suite does: operations as plain data, so that a failing plan can be kept. */
import type { ZpoolName } from '../../zpool/open.ts';

/** A run of bytes of one disk; `disk` counts those that there are, from the first again. */
interface Range {
  readonly disk: number;
  readonly offset: number;
  readonly length: number;
}

/** One thing that is done, to its end. Versions are those of `world/versions.ts`. */
export type Operation =
  | {
      readonly op: 'write';
      readonly disk: number;
      readonly page: number;
      readonly versions: readonly number[];
    }
  | ({ readonly op: 'write-part'; readonly version: number } & Range)
  | ({ readonly op: 'read' } & Range)
  | ({ readonly op: 'trim' } & Range)
  | ({ readonly op: 'zero' } & Range)
  | { readonly op: 'take-over'; readonly disk: number; readonly page: number }
  | { readonly op: 'chill'; readonly disk: number }
  | { readonly op: 'write-back'; readonly disk: number; readonly pages: number }
  | { readonly op: 'reclaim'; readonly disk: number; readonly bytes: number }
  | { readonly op: 'group-limit'; readonly disk: number; readonly pages: number | 'max' }
  | { readonly op: 'group-writeback'; readonly disk: number; readonly on: boolean }
  | { readonly op: 'pool-limit'; readonly pages: number }
  | { readonly op: 'enabled'; readonly on: boolean }
  | { readonly op: 'pool'; readonly codec: number; readonly zpool: ZpoolName }
  | { readonly op: 'device-errors'; readonly reads: boolean; readonly writes: boolean }
  | { readonly op: 'compact' }
  | { readonly op: 'add-disk' }
  | { readonly op: 'remove-disk'; readonly disk: number };

/** A machine and what is done with it. */
export interface Plan {
  /** Limit of the pool in pages. */
  readonly poolPages: number;
  /** Pages of the backing device; 0: none. */
  readonly devicePages: number;
  /** Pages that the allocators may hold; default no limit. */
  readonly arenaPages?: number | undefined;
  readonly operations: readonly Operation[];
}

/** Pages of each disk. */
export const DISK_PAGES = 6;
/** Disks at the beginning. */
export const DISKS = 2;
/** Disks at most. */
export const DISKS_MAX = 4;
