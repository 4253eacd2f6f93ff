/**
 * The composition root of the engine for `zswapd serve`: it opens the backing device, the pool and
 * the exports, and answers for them to the daemon.
 */
import { totalmem } from 'node:os';
import {
  checkExport,
  ExportTable,
  type EngineExport,
  type ExportState,
} from '../../blk/export-table.ts';
import type { SwapDisk } from '../../blk/swap-disk.ts';
import { DEFAULT_COMPRESSOR, openCodec, parseCompressor } from '../../codec/registry.ts';
import type { Memcg } from '../../memcg/memcg.ts';
import type { MemcgStats, StatsSnapshot } from '../../metrics/snapshot.ts';
import type { SettableGroups } from '../../engine/parameters.ts';
import { openSpill } from '../../engine/spill.ts';
import { poolSnapshot } from '../../engine/snapshot.ts';
import { EngineStack, residentBytes } from '../../engine/stack.ts';
import { NodeRt } from '../../rt/rt-node.ts';
import { present } from '../../std/assert.ts';
import { ZswapError } from '../../std/error.ts';
import { PAGE_SIZE, pagesOf } from '../../std/units.ts';
import { Backing } from '../../swap/backing.ts';
import type { FileDevice } from '../../swap/device/device-file.ts';
import type { ZpoolName } from '../../zpool/open.ts';
import type { Zswap } from '../../zswap/zswap.ts';
import type { EngineConfig } from '../config.ts';
import type { DaemonEngine } from '../daemon.ts';

/**
 * A spill file's capacity is fixed when it is opened, and exports may be added later: so many times
 * the pages of those at the start. It is a hole, so it costs nothing but its apparent size.
 */
const SPILL_FILE_GROWTH = 16;

/** What an engine is opened with. */
export interface EngineOptions {
  /** With different names; over NBD the first is also the one with the empty name. */
  readonly exports: readonly EngineExport[];
  /** Limit of the pool for all exports together. Default 20 percent of the machine's memory. */
  readonly poolLimit?: EngineConfig['poolLimit'];
  /** Percent of the limit at which a full pool accepts again. Default 90. */
  readonly acceptThresholdPercent?: number;
  readonly shrinkerEnabled?: boolean;
  /** `NAME` or `NAME:LEVEL`. Default `lz4`. */
  readonly compressor?: string;
  /** Path of a file or block device for pages that the pool refuses. Default: none. */
  readonly spill?: string | undefined;
  /** False: pages go to the device, and the pool takes no new ones. Default true. */
  readonly enabled?: boolean;
  readonly zpool?: ZpoolName;
  /** Start over a device that was not closed cleanly. Default false. */
  readonly reset?: boolean;
}

type Codecs = ReadonlyMap<string, Awaited<ReturnType<typeof openCodec>>>;

/**
 * Opens everything that the options name. Nothing stays open if a part cannot be had.
 *
 * @throws TypeError or RangeError for a name or number that cannot be; `ZswapError` for a device or
 *   a compressor that cannot be had, or exports that do not fit
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const config = { ...DEFAULTS, ...options };
  checkExports(config.exports);
  const rt = new NodeRt();
  // Before the device, so that a bad name leaves nothing to close.
  const codecs = new Map<string, Awaited<ReturnType<typeof openCodec>>>();
  for (const spec of [config.compressor, ...config.exports.map((e) => e.compressor)]) {
    if (spec !== undefined && !codecs.has(spec)) codecs.set(spec, await openCodec(spec));
  }
  const { spill } = config;
  const device = spill === undefined ? undefined : await openSpillFile(config, spill, rt);
  try {
    return assemble(config, codecs, rt, device && new Backing(device, rt));
  } catch (error) {
    await device?.close();
    throw error;
  }
}

/** Makes the engine over what has been opened. */
function assemble(
  config: Required<EngineOptions>,
  codecs: Codecs,
  rt: NodeRt,
  backing: Backing | undefined,
): Engine {
  const stack = new EngineStack(
    {
      ...config,
      totalRamPages: Math.floor(totalmem() / PAGE_SIZE),
      codec: present(codecs.get(config.compressor)),
    },
    rt,
    backing,
  );
  const engine = new Engine(stack);
  for (const each of config.exports) {
    const { compressor } = each;
    engine.table.add(each, compressor === undefined ? undefined : present(codecs.get(compressor)));
  }
  return engine;
}

function checkExports(exports: readonly EngineExport[]): void {
  const names = new Set<string>();
  for (const each of exports) {
    if (names.has(each.name)) throw new TypeError(`two exports are named ${each.name}`);
    names.add(each.name);
    checkExport(each);
  }
}

/** Opens the device that pages are spilled to; a file with room for exports added later. */
function openSpillFile(
  { exports, reset }: Required<EngineOptions>,
  path: string,
  rt: NodeRt,
): Promise<FileDevice> {
  const leastPages = exports.reduce((sum, each) => sum + pagesOf(each.sizeBytes), 0);
  return openSpill({ path, pages: leastPages * SPILL_FILE_GROWTH, leastPages, reset }, rt);
}

const DEFAULTS = {
  poolLimit: { kind: 'percent', percent: 20 },
  acceptThresholdPercent: 90,
  shrinkerEnabled: false,
  compressor: DEFAULT_COMPRESSOR,
  spill: undefined,
  enabled: true,
  zpool: 'zsmalloc',
  reset: false,
} as const;

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

  constructor(stack: EngineStack) {
    this.rt = stack.rt;
    this.zswap = stack.zswap;
    this.#stack = stack;
    this.#startMs = stack.rt.nowMs();
    this.table = new ExportTable(this.zswap, {
      zpool: () => stack.zpool,
      createZpool: stack.createZpool,
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
    return this.zswap.shrinker.reclaim(memcg, bytes);
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
    return {
      ...poolSnapshot(this.#stack),
      memcg: Object.fromEntries(
        this.exports.map((disk) => [disk.name, memcgStats(disk.area.memcg)]),
      ),
      process: {
        rss: residentBytes(),
        metadata_bytes: this.metadataBytes(),
        uptime_seconds: Math.floor((this.rt.nowMs() - this.#startMs) / 1000),
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
