/**
 * Pools: a compressor with an allocator, and the list of those there are. New pages go to the
 * current pool, or to one that a group has chosen; a retired pool lives until its last entry is
 * gone, because its entries can only be decompressed by its compressor.
 *
 * References of a pool: one for being current, one for each group that has chosen it, one for each
 * entry, one for each store under way.
 *
 * @see mm/zswap.c struct zswap_pool, zswap_pool_current_get
 */
import { assert, present } from '../std/assert.ts';
import { Mempool } from '../rt/mempool.ts';
import type { Rt } from '../rt/rt.ts';
import type { Codec, CodecLane } from '../codec/codec.ts';
import type { Zpool } from '../zpool/zpool.ts';
import { POOL_COUNT_MAX } from './entry.ts';

/** Compressions of one pool under way at the same time at most. */
export const LANES_MAX = 4;

export class ZswapPool {
  /** Number in its entries, 0 .. {@link POOL_COUNT_MAX} - 1. */
  readonly id: number;
  readonly codec: Codec;
  readonly zpool: Zpool;
  /** Decompression never waits while it uses its lane, so one serves all loads. */
  readonly loadLane: CodecLane;
  /** Entries, stores under way, and what keeps the pool chosen. */
  references = 0;
  /** Lanes to compress with, {@link LANES_MAX} of them. */
  readonly lanes: Mempool<CodecLane>;

  constructor(id: number, codec: Codec, zpool: Zpool, rt: Rt) {
    this.id = id;
    this.codec = codec;
    this.zpool = zpool;
    this.loadLane = codec.createLane();
    this.lanes = new Mempool(rt, LANES_MAX, () => codec.createLane());
  }
}

export class PoolList {
  readonly #rt: Rt;
  readonly #pools: (ZswapPool | undefined)[] = Array.from(
    { length: POOL_COUNT_MAX },
    () => undefined,
  );
  /** All ids in use are below this one: each store asks for the pages of all pools. */
  #end = 0;
  #current: ZswapPool | undefined;

  constructor(rt: Rt) {
    this.#rt = rt;
  }

  /** Where new pages go; undefined before the first {@link setCurrent}. */
  get current(): ZswapPool | undefined {
    return this.#current;
  }

  get(id: number): ZswapPool {
    return present(this.#pools[id]);
  }

  /** All pools, retired ones included. */
  *pools(): Generator<ZswapPool> {
    for (const pool of this.#pools) if (pool !== undefined) yield pool;
  }

  /** Pages of all pools together, retired ones included. */
  totalPages(): number {
    let pages = 0;
    for (let id = 0; id < this.#end; id += 1) pages += this.#pools[id]?.zpool.totalPages ?? 0;
    return pages;
  }

  /**
   * Finds the pool of a compressor and an allocator, or makes it; a retired one comes back into
   * use. The caller takes a reference at once. Throws a RangeError when {@link POOL_COUNT_MAX}
   * exist.
   */
  find(codec: Codec, zpoolName: string, createZpool: () => Zpool): ZswapPool {
    for (const pool of this.pools()) {
      if (pool.codec.spec === codec.spec && pool.zpool.name === zpoolName) return pool;
    }
    const id = this.#pools.indexOf(undefined);
    if (id < 0) throw new RangeError(`more than ${POOL_COUNT_MAX} pools in use`);
    const pool = new ZswapPool(id, codec, createZpool(), this.#rt);
    this.#pools[id] = pool;
    this.#end = Math.max(this.#end, id + 1);
    return pool;
  }

  setCurrent(pool: ZswapPool): void {
    pool.references += 1;
    const previous = this.#current;
    this.#current = pool;
    if (previous !== undefined) this.put(previous);
  }

  /** Drops a reference; with the last one the pool goes. */
  put(pool: ZswapPool): void {
    assert(pool.references > 0);
    pool.references -= 1;
    if (pool.references > 0) return;
    assert(pool !== this.#current && pool.zpool.totalPages === 0);
    this.#pools[pool.id] = undefined;
    while (this.#end > 0 && this.#pools[this.#end - 1] === undefined) this.#end -= 1;
  }
}
