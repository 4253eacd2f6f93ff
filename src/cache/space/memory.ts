/**
 * What the cache needs from the memory below it: one region, larger than the RAM it may use, whose
 * pages move between frames, pool and disk by themselves. A machine's region is one; tests bring
 * their own. All offsets and lengths that the cache passes to `write` and `discard` are whole
 * pages, and it writes only to pages that were never written or were discarded since: so no write
 * ever needs a page's older contents.
 */

import type { Rt } from '../../rt/rt.ts';

/** What came of a write: no room means that there is nowhere to put the pages, and none is. */
export type WriteResult = 'done' | 'would-wait' | 'no-room';

export interface CacheMemory {
  /** Bytes of address space; pages that were never written cost nothing. */
  readonly bytes: number;
  /** True if pages can go to a disk, so that less RAM does not mean fewer pages. */
  readonly spills: boolean;
  /** RAM that the pages take now, in bytes: frames, pool, and what is noted about them. */
  usedBytes(): number;
  /** Bytes of new pages that surely find a place, be it in RAM or on disk. */
  freeBytes(): number;
  /**
   * Sets how much RAM the pages may take. True if they take no more than that already; else pages
   * are on their way out where there is a disk, see {@link settle}, and have to be discarded where
   * there is none.
   */
  limitRam(bytes: number): boolean;
  /** Resolves when pages that are to leave RAM have left it, as far as they can. */
  settle(): Promise<void>;
  /** Fills `target`; false if a page is on disk. Throws if a page is lost. */
  readSync(offset: number, target: Uint8Array): boolean;
  /** The same with waiting; rejects if a page is lost or the signal aborts. */
  read(offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void>;
  writeSync(offset: number, source: Uint8Array): WriteResult;
  write(offset: number, source: Uint8Array): Promise<WriteResult>;
  /** Makes pages zeros that cost nothing; false if that has to wait, then {@link discard} it. */
  discardSync(offset: number, length: number): boolean;
  discard(offset: number, length: number): Promise<void>;
  /** Gives everything back. */
  close(): Promise<void>;
}

/** What a cache and its groups share: a clock, and regions, one for each of them. */
export interface CacheHost {
  readonly rt: Rt;
  /** Makes a region that is charged to a group of its own. */
  map(name: string): CacheMemory | Promise<CacheMemory>;
  /** Gives everything back; all regions are closed. */
  close(): Promise<void>;
}
