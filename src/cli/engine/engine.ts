/**
 * The composition root of the engine: it puts the pool, the device and the exports together, and
 * answers for them to the daemon.
 */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { ExportTable, type EngineExport, type ExportState } from '../../blk/export-table.ts';
import type { SwapDisk } from '../../blk/swap-disk.ts';
import { openCodec, parseCompressor } from '../../codec/registry.ts';
import { MemcgTree, type Memcg } from '../../memcg/memcg.ts';
import type { MemcgStats, StatsSnapshot } from '../../metrics/snapshot.ts';
import type { NodeRt } from '../../rt/rt-node.ts';
import { ZswapError } from '../../std/error.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { Backing } from '../../swap/backing.ts';
import { Swap } from '../../swap/info.ts';
import { Arena } from '../../zpool/arena.ts';
import { createZpool, type ZpoolName } from '../../zpool/open.ts';
import type { HandleCells, Zpool } from '../../zpool/zpool.ts';
import { Reclaim } from '../../zswap/shrink/reclaim.ts';
import { ZswapParams } from '../../zswap/params.ts';
import { Zswap } from '../../zswap/zswap.ts';
import type { DaemonEngine } from '../daemon-parts.ts';
import type { EngineOptions } from './engine-options.ts';
import { PressureWatch } from './pressure.ts';
import { setParameter, type Settable } from './parameters.ts';

/** The engine of one daemon. */
export class Engine implements DaemonEngine {
  readonly rt: NodeRt;
  readonly zswap: Zswap;
  readonly #swap: Swap;
  readonly #memcgs = new MemcgTree();
  readonly #arena = new Arena();
  readonly #params: ZswapParams;
  /** The exports by name; within this folder. */
  readonly table: ExportTable;
  #closed = false;
  readonly #startMs: number;
  #compressor: string;
  #zpool: ZpoolName;
  /** Parameters are changed one after the other: some wait for a codec to load. */
  #settingTurn: Promise<unknown> = Promise.resolve();
  readonly #pressure: PressureWatch;
  readonly #settable: Settable;
  readonly createZpool = (cells: HandleCells): Zpool =>
    createZpool(this.#zpool, this.#arena, cells);

  constructor(config: Required<EngineOptions>, rt: NodeRt, backing: Backing | undefined) {
    this.rt = rt;
    this.#startMs = rt.nowMs();
    this.#compressor = config.compressor;
    this.#zpool = config.zpool;
    this.#params = new ZswapParams(Math.floor(totalmem() / PAGE_SIZE));
    if (config.poolLimit.kind === 'bytes') this.#params.poolBytes = config.poolLimit.bytes;
    else this.#params.maxPoolPercent = config.poolLimit.percent;
    this.#params.acceptThresholdPercent = config.acceptThresholdPercent;
    this.#params.shrinkerEnabled = config.shrinkerEnabled;
    this.#params.shrinkerPolicy = config.shrinkerPolicy;
    this.#params.enabled = config.enabled;
    this.#swap = new Swap(rt, backing);
    this.zswap = new Zswap({
      rt,
      swap: this.#swap,
      memcgs: this.#memcgs,
      params: this.#params,
    });
    this.#pressure = new PressureWatch(rt, this.zswap);
    this.#pressure.check();
    this.table = new ExportTable(this.zswap, {
      zpool: () => this.#zpool,
      createZpool: this.createZpool,
    });
    this.#settable = {
      params: this.#params,
      exports: this.table.disks,
      pool: () => ({ compressor: this.#compressor, zpool: this.#zpool }),
      switchPool: (compressor, zpool) => this.#switchPool(compressor, zpool),
    };
  }

  get exports(): readonly SwapDisk[] {
    return this.table.disks;
  }

  /** @throws ZswapError `ZSWAP_EXPORT` or `ZSWAP_CODEC`, or RangeError for what it takes */
  async addExport(config: EngineExport): Promise<void> {
    const { compressor } = config;
    if (compressor !== undefined) checkCompressor(config.name, compressor);
    const codec = compressor === undefined ? undefined : await openCodec(compressor);
    this.#assertOpen();
    this.table.add(config, codec);
  }

  /**
   * Removes an export: at once from {@link exports}, and with all it holds when the promise
   * resolves. It waits for the requests under way, so an NBD server has to be told, too:
   * `server.endConnections(disk)`.
   */
  async removeExport(name: string): Promise<void> {
    this.#assertOpen();
    await this.table.remove(name);
  }

  listExports(): readonly ExportState[] {
    return this.table.list();
  }

  async reclaim(name: string, bytes: number): Promise<number> {
    const { memcg } = this.table.get(name).area;
    this.#assertOpen();
    const why = this.#whyNoWriteback(memcg);
    if (why !== undefined) {
      throw new ZswapError('ZSWAP_RECLAIM', `${name} cannot be written back: ${why}`);
    }
    const reclaim = new Reclaim(this.zswap);
    await new Promise<void>((resolve) => {
      reclaim.onEnd = resolve;
      if (reclaim.begin(memcg, bytes)) resolve();
    });
    return reclaim.freed;
  }

  #whyNoWriteback(memcg: Memcg): string | undefined {
    const { backing } = this.#swap;
    if (backing === undefined) return 'there is no spill device';
    if (!memcg.writebackEnabled()) return 'its memory.zswap.writeback is 0';
    return backing.freePages === 0 ? 'the spill device is full' : undefined;
  }

  #assertOpen(): void {
    if (this.#closed) throw new ZswapError('ZSWAP_EXPORT', 'the engine is being closed');
  }

  snapshot(): StatsSnapshot {
    const { stats } = this.zswap;
    const { rejects, ...counters } = stats;
    const backing = this.#swap.backing;
    return {
      zswap: {
        ...counters,
        pool_total_size: this.zswap.poolTotalSize,
        reject_compress_poor: rejects.reject_compress_poor,
        reject_compress_fail: rejects.reject_compress_fail,
        reject_alloc_fail: rejects.reject_alloc_fail,
        reject_kmemcache_fail: rejects.reject_kmemcache_fail,
      },
      rejects: { ...rejects },
      vmstat: { ...this.#swap.vmstat },
      parameters: {
        enabled: this.#params.enabled,
        compressor: this.#compressor,
        max_pool_percent: this.#params.maxPoolPercent,
        accept_threshold_percent: this.#params.acceptThresholdPercent,
        shrinker_enabled: this.#params.shrinkerEnabled,
        shrinker_policy: this.#params.shrinkerPolicy,
        zpool: this.#zpool,
        pool_size: this.#params.maxPages() * PAGE_SIZE,
      },
      memcg: Object.fromEntries(
        this.exports.map((disk) => [disk.name, memcgStats(disk.area.memcg)]),
      ),
      process: {
        rss: residentBytes(),
        metadata_bytes: this.metadataBytes(),
        uptime_seconds: Math.floor((this.rt.nowMs() - this.#startMs) / 1000),
      },
      ...(backing === undefined
        ? {}
        : {
            spill: {
              path: backing.device.name,
              size_bytes: backing.pageCount * PAGE_SIZE,
              used_bytes: backing.usedPages * PAGE_SIZE,
              held_bytes: backing.device.heldBytes(),
              direct: backing.device.direct,
              writable: backing.writable,
              io_errors: backing.ioErrors,
              checksum_errors: backing.checksumErrors,
            },
          }),
    };
  }

  /** Everything held beside compressed data: tables, indices, views, buffers of device requests. */
  metadataBytes(): number {
    return this.#swap.metadataBytes + this.zswap.metadataBytes + this.#arena.metadataBytes;
  }

  async setParameter(name: string, value: string): Promise<string> {
    const turn = this.#settingTurn.then(() => this.#setNow(name, value));
    this.#settingTurn = turn.catch(() => {});
    return await turn;
  }

  async #setNow(name: string, value: string): Promise<string> {
    const inForce = await setParameter(this.#settable, name, value);
    this.#pressure.check();
    return inForce;
  }

  async #switchPool(compressor: string, zpool: ZpoolName): Promise<void> {
    const codec = await openCodec(compressor);
    this.zswap.setCurrentPool(codec, zpool, (cells) => createZpool(zpool, this.#arena, cells));
    this.#compressor = codec.spec;
    this.#zpool = zpool;
  }

  /** Ends background work and closes the device cleanly. No request may be under way. */
  async close(): Promise<void> {
    this.#pressure.close();
    this.#closed = true;
    await this.table.settled();
    // No batch begins any more, and those that are under way end.
    this.#memcgs.root.setWriteback(false);
    while (this.zswap.shrinker.running || this.zswap.shrinkWorker.running) {
      await this.rt.yieldNow();
    }
    await this.#swap.backing?.device.close();
  }
}

function memcgStats(memcg: Memcg): MemcgStats {
  return {
    ...memcg.events,
    'memory.zswap.current': memcg.zswapCurrent,
    'memory.zswap.max': memcg.zswapMax === Infinity ? 'max' : memcg.zswapMax,
    'memory.zswap.writeback': memcg.writeback ? 1 : 0,
    zswapped: memcg.zswappedPages * PAGE_SIZE,
  };
}

/** Resident bytes of the process, from `/proc/self/statm`. */
function residentBytes(): number {
  return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * PAGE_SIZE;
}

/** A name or level that there is not is the caller's mistake. */
function checkCompressor(exportName: string, spec: string): void {
  try {
    parseCompressor(spec);
  } catch (error) {
    if (!(error instanceof ZswapError)) throw error;
    throw new RangeError(`${exportName}: compressor: ${error.message}`, { cause: error });
  }
}
