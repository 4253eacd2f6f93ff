/**
 * A whole engine over a simulated runtime and device, for tests: exports, pool, backing device, and
 * the checks that must hold after every step.
 */
import assert from 'node:assert/strict';
import { SwapDisk } from '../../src/blk/swap-disk.ts';
import type { Codec } from '../../src/codec/codec.ts';
import { createLz4 } from '../../src/codec/lz4.ts';
import { MemcgTree, type Memcg } from '../../src/memcg/memcg.ts';
import { SimRt } from '../../src/sim/engine/rt-sim.ts';
import { DeviceSim } from '../../src/sim/world/device-sim.ts';
import { Backing } from '../../src/swap/backing.ts';
import { Swap, type SwapArea } from '../../src/swap/info.ts';
import { Arena } from '../../src/zpool/arena.ts';
import { createZpool, type ZpoolName } from '../../src/zpool/open.ts';
import { INVARIANTS } from '../../src/zswap/invariants.ts';
import { ZswapParams } from '../../src/zswap/params.ts';
import { Zswap } from '../../src/zswap/zswap.ts';

export interface MachineOptions {
  readonly seed?: number;
  /** Limit of the pool in pages. */
  readonly poolPages?: number;
  /** Pages of the backing device; 0: none. */
  readonly devicePages?: number;
  readonly codec?: Codec;
  readonly zpool?: ZpoolName;
  /** Pages the arena may hold, for allocation failures. */
  readonly arenaPages?: number;
  readonly entryLimit?: number;
  readonly biosInFlight?: number;
  /** Percent of the pool limit at which a full pool accepts again. Default 90. */
  readonly acceptThresholdPercent?: number;
  /** Entries that must have gone before compaction begins. */
  readonly compactAfterEntries?: number;
}

export class TestMachine {
  readonly rt: SimRt;
  readonly device: DeviceSim | undefined;
  readonly memcgs: MemcgTree = new MemcgTree();
  readonly params: ZswapParams = new ZswapParams(1_000_000);
  readonly arena: Arena;
  readonly swap: Swap;
  readonly zswap: Zswap;

  constructor(options: MachineOptions = {}) {
    this.rt = new SimRt(options.seed ?? 1);
    const devicePages = options.devicePages ?? 0;
    this.device = devicePages > 0 ? new DeviceSim(this.rt, devicePages) : undefined;
    const backing =
      this.device === undefined
        ? undefined
        : new Backing(this.device, this.rt, options.biosInFlight);
    this.swap = new Swap(this.rt, backing);
    this.arena = new Arena(
      options.arenaPages === undefined ? {} : { pageLimit: options.arenaPages },
    );
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
    this.zswap.setCurrentPool(options.codec ?? createLz4(), zpool, (cells) =>
      createZpool(zpool, this.arena, cells),
    );
  }

  /** Adds an export with a group of its own. */
  export(name: string, pages: number): { disk: SwapDisk; memcg: Memcg } {
    const memcg = this.memcgs.create(name);
    const area = this.swap.swapon(name, pages, memcg);
    return { disk: this.diskOf(area), memcg };
  }

  /** An area as a disk. */
  diskOf(area: SwapArea): SwapDisk {
    return new SwapDisk({ rt: this.rt, zswap: this.zswap, area });
  }

  /** Fails if any invariant does not hold. */
  readonly check = (): void => {
    for (const [name, invariant] of Object.entries(INVARIANTS)) {
      const violation = invariant(this.zswap);
      assert.equal(violation, undefined, `${name}: ${violation}`);
    }
  };

  /** Runs until nothing can run, checking after each step. */
  settle(budget = 1_000_000): void {
    this.rt.run(budget, this.check);
    this.check();
  }
}
