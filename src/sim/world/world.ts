/**
 * A whole engine over a simulated runtime and device: exports, pool, backing device. The explorer
 * and the tests of the engine run in it.
 */
import { addDisk } from '../../blk/disk-lifetime.ts';
import { SwapDisk } from '../../blk/swap-disk.ts';
import type { Codec } from '../../codec/codec.ts';
import { MemcgTree, type Memcg } from '../../memcg/memcg.ts';
import type { SimRt } from '../engine/rt-sim.ts';
import { Backing } from '../../swap/backing.ts';
import { Swap, type SwapArea } from '../../swap/info.ts';
import { Arena } from '../../zpool/arena.ts';
import { createZpool, type ZpoolName } from '../../zpool/open.ts';
import { ZswapParams } from '../../zswap/params.ts';
import { Zswap } from '../../zswap/zswap.ts';
import { DeviceSim } from './device-sim.ts';
import { createWordCodec } from './word-codec.ts';

export interface WorldOptions {
  /** Limit of the pool in pages. */
  readonly poolPages?: number;
  /** Pages of the backing device; 0: none. */
  readonly devicePages?: number;
  /** Default: the word codec. */
  readonly codec?: Codec;
  readonly zpool?: ZpoolName;
  /** Pages the arena may hold, for allocation failures. */
  readonly arenaPages?: number;
  /** Bytes of the arena's chunks; small ones are quicker to make. */
  readonly chunkBytes?: number;
  readonly entryLimit?: number;
  readonly biosInFlight?: number;
  /** Percent of the pool limit at which a full pool accepts again. Default 90. */
  readonly acceptThresholdPercent?: number;
  /** Entries that must have gone before compaction begins. */
  readonly compactAfterEntries?: number;
}

export class World {
  readonly rt: SimRt;
  readonly device: DeviceSim | undefined;
  readonly memcgs: MemcgTree = new MemcgTree();
  readonly params: ZswapParams = new ZswapParams(1_000_000);
  readonly arena: Arena;
  readonly swap: Swap;
  readonly zswap: Zswap;

  constructor(rt: SimRt, options: WorldOptions = {}) {
    this.rt = rt;
    const devicePages = options.devicePages ?? 0;
    this.device = devicePages > 0 ? new DeviceSim(this.rt, devicePages) : undefined;
    const backing =
      this.device === undefined
        ? undefined
        : new Backing(this.device, this.rt, options.biosInFlight);
    this.swap = new Swap(this.rt, backing);
    this.arena = new Arena({
      ...(options.arenaPages === undefined ? {} : { pageLimit: options.arenaPages }),
      ...(options.chunkBytes === undefined ? {} : { chunkBytes: options.chunkBytes }),
    });
    this.params.acceptThresholdPercent = options.acceptThresholdPercent ?? 90;
    this.params.poolBytes = (options.poolPages ?? 100_000) * 4096;
    this.zswap = new Zswap({
      rt: this.rt,
      swap: this.swap,
      memcgs: this.memcgs,
      params: this.params,
      compactAfterEntries: 3,
      ...(options.entryLimit === undefined ? {} : { entryLimit: options.entryLimit }),
      ...(options.compactAfterEntries === undefined
        ? {}
        : { compactAfterEntries: options.compactAfterEntries }),
    });
    const zpool = options.zpool ?? 'zsmalloc';
    this.zswap.setCurrentPool(options.codec ?? createWordCodec(), zpool, (cells) =>
      createZpool(zpool, this.arena, cells),
    );
  }

  /** Adds an export with a group of its own, below another one if that is given. */
  export(name: string, pages: number, parent?: Memcg): { disk: SwapDisk; memcg: Memcg } {
    const disk =
      parent === undefined
        ? addDisk(this.zswap, name, pages)
        : this.diskOf(this.swap.swapon(name, pages, this.memcgs.create(name, parent)));
    return { disk, memcg: disk.area.memcg };
  }

  /** An area as a disk. */
  diskOf(area: SwapArea): SwapDisk {
    return new SwapDisk({ rt: this.rt, zswap: this.zswap, area });
  }
}
