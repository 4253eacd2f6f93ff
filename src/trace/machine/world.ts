/**
 * The engine that serves, put together over virtual time, a simulated device and a compressor whose
 * results are prescribed: pools, limits, LRU, writeback and the disks of the tenants are those of
 * the daemon.
 */
import { addDisk } from '../../blk/disk-lifetime.ts';
import type { SwapDisk } from '../../blk/swap-disk.ts';
import { MemcgTree } from '../../memcg/memcg.ts';
import type { ShrinkerPolicy } from '../../memcg/shrinker-policy.ts';
import { Backing } from '../../swap/backing.ts';
import { Swap } from '../../swap/info.ts';
import { Arena } from '../../zpool/arena.ts';
import { createZpool, type ZpoolName } from '../../zpool/open.ts';
import { ZswapParams } from '../../zswap/params.ts';
import { Zswap } from '../../zswap/zswap.ts';
import { DeviceModel, type DeviceLatency } from './device-model.ts';
import { createSizedCodec, type CodecCost } from './sized-page.ts';
import { VirtualRt } from './virtual-rt.ts';

/** The engine's own settings, by the daemon's names. */
export interface EngineSettings {
  readonly poolBytes: number;
  readonly acceptThresholdPercent: number;
  readonly zpool: ZpoolName;
  readonly enabled: boolean;
  readonly shrinkerEnabled: boolean;
  readonly shrinkerPolicy: ShrinkerPolicy;
  /** As it was named. */
  readonly compressor: string;
}

/** A tenant's disk. */
export interface DiskSettings {
  readonly name: string;
  readonly pages: number;
  readonly zswapMax: number | undefined;
  readonly zswapWriteback: boolean;
}

export interface WorldOptions {
  readonly settings: EngineSettings;
  readonly cost: CodecCost;
  /** Undefined: there is no device, and a full pool refuses. */
  readonly device: { readonly latency: DeviceLatency; readonly pages: number } | undefined;
  readonly disks: readonly DiskSettings[];
  readonly seed: number;
}

/** What a percentage of RAM would be of; the limit is always given in bytes. */
const RAM_PAGES = 1 << 20;
/** Small chunks: many machines are made one after the other. */
const CHUNK_BYTES = 1 << 20;

export class SimulatedWorld {
  readonly rt: VirtualRt;
  readonly zswap: Zswap;
  readonly disks: readonly SwapDisk[];

  constructor({ settings, cost, device, disks, seed }: WorldOptions) {
    const rt = new VirtualRt(seed);
    const model = device && new DeviceModel(rt, device.pages, device.latency);
    const swap = new Swap(rt, model && new Backing(model, rt));
    const params = new ZswapParams(RAM_PAGES);
    params.poolBytes = settings.poolBytes;
    params.acceptThresholdPercent = settings.acceptThresholdPercent;
    params.enabled = settings.enabled;
    params.shrinkerEnabled = settings.shrinkerEnabled;
    params.shrinkerPolicy = settings.shrinkerPolicy;
    const memcgs = new MemcgTree();
    const arena = new Arena({ chunkBytes: CHUNK_BYTES });
    this.rt = rt;
    this.zswap = new Zswap({ rt, swap, memcgs, params });
    const codec = createSizedCodec(settings.compressor, cost, (us) => rt.charge(us));
    this.zswap.setCurrentPool(codec, settings.zpool, (cells) =>
      createZpool(settings.zpool, arena, cells),
    );
    this.disks = disks.map(({ name, pages, zswapMax, zswapWriteback }) => {
      const disk = addDisk(this.zswap, name, Math.max(1, pages));
      disk.area.memcg.setZswapMax(zswapMax ?? Infinity);
      disk.area.memcg.setWriteback(zswapWriteback);
      return disk;
    });
  }
}
