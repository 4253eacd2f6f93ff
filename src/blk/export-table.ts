/**
 * The exports of a running engine by name. One that is being removed is no longer offered, but its
 * name is taken until it has gone, so that nobody takes its last pages for another's first.
 */
import { addDisk, removeDisk } from './disk-lifetime.ts';
import type { DiskTrace } from './disk-trace.ts';
import type { SwapDisk } from './swap-disk.ts';
import type { Codec } from '../codec/codec.ts';
import { ZswapError } from '../std/error.ts';
import { pagesOf } from '../std/units.ts';
import type { ZpoolName } from '../zpool/open.ts';
import type { CreateZpool, Zswap } from '../zswap/zswap.ts';

/** One export as a program names it. */
export interface EngineExport {
  readonly name: string;
  /** Bytes, rounded up to whole pages. */
  readonly sizeBytes: number;
  /** Compressed bytes it may hold (kernel `memory.zswap.max`). Default `max`: no limit. */
  readonly zswapMax?: number | 'max';
  /** Whether its pages may go to the device (kernel `memory.zswap.writeback`). Default true. */
  readonly zswapWriteback?: boolean;
  /** `NAME` or `NAME:LEVEL`. Default: the engine's. */
  readonly compressor?: string | undefined;
}

/** An export as `zswapd export list` shows it. */
export interface ExportState {
  readonly name: string;
  readonly size_bytes: number;
  readonly state: 'ready' | 'removing';
}

/** The allocator that pools of exports with a compressor of their own are made with. */
export interface ExportPools {
  zpool(): ZpoolName;
  readonly createZpool: CreateZpool;
  /** Gets each request of an export that has ended. */
  readonly trace?: DiskTrace;
}

/** @throws RangeError for a size that cannot be */
export function checkExport({ name, sizeBytes }: EngineExport): void {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) {
    throw new RangeError(`export ${name} takes a number of bytes, not ${sizeBytes}`);
  }
}

export class ExportTable {
  /** Those that are offered, in the order they were added. The array stays the same. */
  readonly disks: SwapDisk[] = [];
  readonly #zswap: Zswap;
  readonly #pools: ExportPools;
  readonly #removals = new Map<string, { readonly disk: SwapDisk; readonly gone: Promise<void> }>();

  constructor(zswap: Zswap, pools: ExportPools) {
    this.#zswap = zswap;
    this.#pools = pools;
  }

  /** The export of that name. Throws a RangeError if there is none. */
  get(name: string): SwapDisk {
    const disk = this.disks.find((each) => each.name === name);
    if (disk === undefined) throw new RangeError(`there is no export named ${name}`);
    return disk;
  }

  list(): ExportState[] {
    const stateOf = ({ name, sizeBytes }: SwapDisk, state: ExportState['state']): ExportState => ({
      name,
      size_bytes: sizeBytes,
      state,
    });
    return [
      ...this.disks.map((disk) => stateOf(disk, 'ready')),
      ...[...this.#removals.values()].map(({ disk }) => stateOf(disk, 'removing')),
    ];
  }

  /**
   * Adds an export.
   *
   * @param codec - of its own compressor, if it names one
   * @throws ZswapError `ZSWAP_EXPORT`, or RangeError for what it takes; nothing has changed then
   */
  add(config: EngineExport, codec: Codec | undefined): void {
    const { name, sizeBytes, zswapMax = 'max', zswapWriteback = true } = config;
    checkExport(config);
    if (this.#removals.has(name)) {
      throw new ZswapError('ZSWAP_EXPORT', `export ${name} is still being removed`);
    }
    if (this.disks.some((each) => each.name === name)) {
      throw new ZswapError('ZSWAP_EXPORT', `there is an export named ${name} already`);
    }
    const disk = addDisk(this.#zswap, name, pagesOf(sizeBytes), this.#pools.trace);
    const { memcg } = disk.area;
    try {
      memcg.setZswapMax(zswapMax === 'max' ? Infinity : zswapMax);
      memcg.setWriteback(zswapWriteback);
      if (codec !== undefined) {
        this.#zswap.setGroupPool(memcg, codec, this.#pools.zpool(), this.#pools.createZpool);
      }
    } catch (error) {
      removeDisk(this.#zswap, disk, () => {});
      throw error;
    }
    this.disks.push(disk);
  }

  /**
   * Removes an export: at once from those that are offered; the promise resolves when it has gone.
   * For one that is being removed it is the same promise.
   *
   * @throws RangeError if there is none of that name
   */
  remove(name: string): Promise<void> {
    const underWay = this.#removals.get(name);
    if (underWay !== undefined) return underWay.gone;
    const disk = this.get(name);
    this.disks.splice(this.disks.indexOf(disk), 1);
    const gone = new Promise<void>((resolve) => {
      removeDisk(this.#zswap, disk, () => {
        this.#removals.delete(name);
        resolve();
      });
    });
    this.#removals.set(name, { disk, gone });
    return gone;
  }

  /** Resolves when no removal is under way. */
  async settled(): Promise<void> {
    while (this.#removals.size > 0) {
      await Promise.all([...this.#removals.values()].map(({ gone }) => gone));
    }
  }
}
