/**
 * The contract of an allocator for compressed pages. The kernel had this layer (`zpool`) until
 * 6.18, when zbud and z3fold were gone and zswap began to call zsmalloc directly; it is kept here
 * because comparing allocators is a purpose of this project. zsmalloc is the reference.
 *
 * An object is named by a handle that the caller owns, and the allocator keeps its place in the
 * caller's {@link HandleCells}. That is zsmalloc's handle indirection with the handle memory folded
 * into the caller's own record of the object, so compaction may move an object at any time between
 * two calls.
 */
import type { ENOMEM, ENOSPC, EINVAL, OK } from '../std/errno.ts';

/** Where the allocator writes the place of each object: one 32-bit cell per handle. */
export interface HandleCells {
  location(handle: number): number;
  setLocation(handle: number, location: number): void;
}

/**
 * Outcome of an allocation. `ENOSPC`: an object of this size never fits (kernel: counted as
 * `reject_compress_poor`); `ENOMEM`: no memory now (`reject_alloc_fail`); `EINVAL`: size 0.
 */
export type ZpoolStatus = typeof OK | typeof ENOSPC | typeof ENOMEM | typeof EINVAL;

export interface Zpool {
  readonly name: string;
  /**
   * Allocates `size` bytes for `handle` (1..2^30 - 1) and sets the handle's cell. On failure the
   * cell is untouched.
   *
   * @param tag - 32 bits of the caller's that are kept with the object, default 0
   */
  malloc(handle: number, size: number, tag?: number): ZpoolStatus;
  /**
   * Frees the object of `handle`. Its cell is undefined afterwards.
   *
   * @returns its tag
   */
  free(handle: number): number;
  /** The tag that the object of `handle` was allocated with. */
  tag(handle: number): number;
  /** Copies the whole of `source` into the object; `source.length` is the size given to malloc. */
  write(handle: number, source: Uint8Array): void;
  /**
   * Copies the object's first `size` bytes (the size given to malloc) to `target[targetOffset..]`.
   * May write up to 1023 undefined bytes past the end, never past `targetOffset + 4096`; a size
   * that is a multiple of 1024 writes exactly that much.
   */
  read(handle: number, size: number, target: Uint8Array, targetOffset: number): void;
  /** Pages held, free space inside them included (kernel `zs_get_total_pages`). */
  readonly totalPages: number;
  /** Bytes of the allocator's own tables, page memory not included. */
  readonly metadataBytes: number;
  /**
   * Moves objects together and frees what becomes empty, spending at most about `moveBudget` object
   * or page moves.
   *
   * @returns pages freed, and page frames moved towards giving back the memory they lie in; 0 for a
   *   budget above 0 means nothing more to gain.
   */
  compact(moveBudget: number): number;
}
