/**
 * The composition root of the engine: it puts the pool, the device and the exports together, and
 * answers for them to the daemon.
 */
import type { DiskTrace } from '../../blk/disk-trace.ts';
import { ExportTable, type EngineExport, type ExportState } from '../../blk/export-table.ts';
import type { SwapDisk } from '../../blk/swap-disk.ts';
import { parseCompressor } from '../../codec/registry.ts';
import { openWarmCodec } from '../../codec/warm-up.ts';
import type { SettableGroups } from '../../engine/parameters.ts';
import { poolDetail } from '../../engine/detail.ts';
import { poolSnapshot } from '../../engine/snapshot.ts';
import { residentBytes, type EngineStack } from '../../engine/stack.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import type { MemcgStats, StatsSnapshot } from '../../metrics/snapshot.ts';
import type { NodeRt } from '../../rt/rt-node.ts';
import { ZswapError } from '../../std/error.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { Reclaim } from '../../zswap/shrink/reclaim.ts';
import type { Zswap } from '../../zswap/zswap.ts';
import type { DaemonEngine } from '../daemon-parts.ts';

/** The engine of one daemon. */
export class Engine implements DaemonEngine {
  readonly rt: NodeRt;
  readonly zswap: Zswap;
  /** The exports by name; within this folder. */
  readonly table: ExportTable;
  readonly #stack: EngineStack;
  readonly #groups: SettableGroups;
  readonly #startMs: number;
  #closed = false;

  /** @param trace - gets each request of an export that has ended */
  constructor(stack: EngineStack, trace: DiskTrace) {
    this.rt = stack.rt;
    this.zswap = stack.zswap;
    this.#stack = stack;
    this.#startMs = stack.rt.nowMs();
    this.table = new ExportTable(this.zswap, {
      zpool: () => stack.zpool,
      createZpool: stack.createZpool,
      trace,
    });
    this.#groups = {
      noun: 'export',
      files: ['memory.zswap.max', 'memory.zswap.writeback'],
      find: (name) => this.exports.find((disk) => disk.name === name)?.area.memcg,
    };
  }

  get exports(): readonly SwapDisk[] {
    return this.table.disks;
  }

  /** @throws ZswapError `ZSWAP_EXPORT` or `ZSWAP_CODEC`, or RangeError for what it takes */
  async addExport(config: EngineExport): Promise<void> {
    const { compressor } = config;
    if (compressor !== undefined) checkCompressor(config.name, compressor);
    const codec = compressor === undefined ? undefined : await openWarmCodec(compressor, this.rt);
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
    const { backing } = this.#stack.swap;
    if (backing === undefined) return 'there is no spill device';
    if (!memcg.writebackEnabled()) return 'its memory.zswap.writeback is 0';
    return backing.freePages === 0 ? 'the spill device is full' : undefined;
  }

  #assertOpen(): void {
    if (this.#closed) throw new ZswapError('ZSWAP_EXPORT', 'the engine is being closed');
  }

  snapshot(): StatsSnapshot {
    const groups = this.exports.map(({ name, area }) => [name, area.memcg] as const);
    return {
      ...poolSnapshot(this.#stack),
      ...poolDetail(this.zswap, groups),
      memcg: Object.fromEntries(groups.map(([name, memcg]) => [name, memcgStats(memcg)])),
      process: {
        rss: residentBytes(),
        metadata_bytes: this.metadataBytes(),
        uptime_seconds: Math.floor(this.rt.nowMs() - this.#startMs) / 1000,
      },
    };
  }

  /** Everything held beside compressed data: tables, indices, views, buffers of device requests. */
  metadataBytes(): number {
    return this.#stack.metadataBytes;
  }

  setParameter(name: string, value: string): Promise<string> {
    return this.#stack.setParameter(this.#groups, name, value);
  }

  /** Ends background work and closes the device cleanly. No request may be under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.table.settled();
    await this.#stack.quiesce();
    await this.#stack.swap.backing?.device.close();
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

/** A name or level that there is not is the caller's mistake. */
function checkCompressor(exportName: string, spec: string): void {
  try {
    parseCompressor(spec);
  } catch (error) {
    if (!(error instanceof ZswapError)) throw error;
    throw new RangeError(`${exportName}: compressor: ${error.message}`, { cause: error });
  }
}
