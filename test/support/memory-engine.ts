/**
 * A small engine for tests of the daemon: disks in memory, no compression, figures that follow from
 * what was written. It obeys parameters as the real one does and refuses what it does not know.
 */
import type { BlkDisk, BlkRequest } from '../../src/blk/request.ts';
import type { EngineConfig } from '../../src/cli/config.ts';
import type { DaemonEngine } from '../../src/cli/daemon-parts.ts';
import {
  parseCompressor,
  parsePercent,
  parseShrinkerPolicy,
  parseSize,
  parseSwitch,
  parseZpool,
  parseZswapMax,
} from '../../src/cli/options/values.ts';
import type { MemcgStats, ParameterStats, StatsSnapshot } from '../../src/metrics/snapshot.ts';
import type { Rt, Task } from '../../src/rt/rt.ts';
import { OK } from '../../src/std/errno.ts';
import { LogHistogram } from '../../src/std/log-histogram.ts';
import { GIB, PAGE_SIZE } from '../../src/std/units.ts';

const MACHINE_BYTES: number = 8 * GIB;

const LOOP_RT: Rt = {
  nowMs: () => performance.now(),
  randomU32: () => Math.floor(Math.random() * 2 ** 32),
  point: () => false,
  wake: (task: Task) => queueMicrotask(() => task.resume()),
  yieldTask: (task: Task) => setImmediate(() => task.resume()),
  yieldNow: () => new Promise((resolve) => setImmediate(resolve)),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** A disk in one buffer; every request finishes at once. */
class MemoryDisk implements BlkDisk {
  readonly name: string;
  readonly sizeBytes: number;
  readonly #bytes: Uint8Array;
  pagesWritten = 0;
  pagesRead = 0;

  constructor(name: string, sizeBytes: number) {
    this.name = name;
    this.sizeBytes = sizeBytes;
    this.#bytes = new Uint8Array(sizeBytes);
  }

  createRequest(onDone: (request: BlkRequest) => void): BlkRequest {
    return {
      op: 'flush',
      offset: 0,
      length: 0,
      payload: undefined,
      payloadOffset: 0,
      available: 0,
      done: 0,
      error: OK,
      onDone,
    };
  }

  start(request: BlkRequest): boolean {
    const { op, offset, length, payload, payloadOffset } = request;
    if (op === 'read' && payload !== undefined) {
      payload.bytes.set(this.#bytes.subarray(offset, offset + length), payloadOffset);
      this.pagesRead += Math.ceil(length / PAGE_SIZE);
    } else if (op === 'write' && payload !== undefined) {
      if (request.available < length) return false;
      const end = payloadOffset + length;
      this.#bytes.set(payload.bytes.subarray(payloadOffset, end), offset);
      this.pagesWritten += Math.ceil(length / PAGE_SIZE);
    } else if (op === 'zero' || op === 'trim') {
      this.#bytes.fill(0, offset, offset + length);
    }
    Object.assign(request, { done: length, error: OK });
    return true;
  }

  feed(request: BlkRequest): boolean {
    return this.start(request);
  }

  abandon(): boolean {
    return true;
  }

  status(
    offset: number,
    length: number,
    visit: (bytes: number, state: 'data' | 'zero' | 'hole') => boolean,
  ): void {
    if (offset < this.sizeBytes) visit(length, 'data');
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** An engine whose state a test can see and change. */
export interface MemoryEngine extends DaemonEngine {
  readonly isClosed: () => boolean;
  /** Makes the spill device refuse writes, or take them again. */
  setSpillWritable(writable: boolean): void;
}

function memcgStats(disk: MemoryDisk, limits: MemcgLimits): MemcgStats {
  return {
    'memory.zswap.current': disk.pagesWritten * PAGE_SIZE,
    'memory.zswap.max': limits.max,
    'memory.zswap.writeback': limits.writeback ? 1 : 0,
    zswapped: disk.pagesWritten * PAGE_SIZE,
    zswpin: disk.pagesRead,
    zswpout: disk.pagesWritten,
    zswpwb: 0,
    pswpin: 0,
    pswpout: 0,
    swpin_zero: 0,
    swpout_zero: 0,
  };
}

interface MemcgLimits {
  max: number | 'max';
  writeback: boolean;
}

function setGlobal(parameters: Mutable<ParameterStats>, name: string, value: string): string {
  switch (name) {
    case 'enabled':
    case 'shrinker_enabled':
      parameters[name] = parseSwitch(value);
      return parameters[name] ? '1' : '0';
    case 'shrinker_policy':
      parameters.shrinker_policy = parseShrinkerPolicy(value);
      return parameters.shrinker_policy;
    case 'compressor':
      parameters.compressor = parseCompressor(value);
      return parameters.compressor;
    case 'zpool':
      parameters.zpool = parseZpool(value);
      return parameters.zpool;
    case 'max_pool_percent':
      parameters.max_pool_percent = parsePercent(value);
      parameters.pool_size = Math.floor((MACHINE_BYTES * parameters.max_pool_percent) / 100);
      return String(parameters.max_pool_percent);
    case 'pool_size':
      parameters.pool_size = parseSize(value);
      return String(parameters.pool_size);
    case 'accept_threshold_percent':
      parameters.accept_threshold_percent = parsePercent(value);
      return String(parameters.accept_threshold_percent);
    default:
      throw new TypeError(`unknown parameter '${name}'`);
  }
}

function setLimit(limits: MemcgLimits | undefined, file: string, value: string): string {
  if (limits === undefined) throw new TypeError('unknown export');
  if (file === 'memory.zswap.max') {
    limits.max = parseZswapMax(value);
    return String(limits.max);
  }
  if (file === 'memory.zswap.writeback') {
    limits.writeback = parseSwitch(value);
    return limits.writeback ? '1' : '0';
  }
  throw new TypeError(`unknown parameter '${file}'`);
}

const NO_REJECTS: StatsSnapshot['rejects'] = {
  disabled: 0,
  memcg_limit: 0,
  pool_limit: 0,
  no_pool: 0,
  reject_compress_poor: 0,
  reject_compress_fail: 0,
  reject_alloc_fail: 0,
  reject_kmemcache_fail: 0,
};

/** Figures that follow from what the disks have seen. */
function diskFigures(disks: readonly MemoryDisk[]): Pick<StatsSnapshot, 'zswap' | 'vmstat'> {
  const pages = disks.reduce((sum, disk) => sum + disk.pagesWritten, 0);
  return {
    zswap: {
      stored_pages: pages,
      stored_incompressible_pages: 0,
      pool_total_size: pages * PAGE_SIZE,
      written_back_pages: 0,
      pool_limit_hit: 0,
      reject_compress_poor: 0,
      reject_compress_fail: 0,
      reject_alloc_fail: 0,
      reject_kmemcache_fail: 0,
      reject_reclaim_fail: 0,
      decompress_fail: 0,
    },
    vmstat: {
      zswpin: disks.reduce((sum, disk) => sum + disk.pagesRead, 0),
      zswpout: pages,
      zswpwb: 0,
      pswpin: 0,
      pswpout: 0,
      swpin_zero: 0,
      swpout_zero: 0,
    },
  };
}

function initialParameters(config: EngineConfig): Mutable<ParameterStats> {
  const { poolLimit } = config;
  const percent = poolLimit.kind === 'percent' ? poolLimit.percent : 20;
  const bytes = Math.floor((MACHINE_BYTES * percent) / 100);
  return {
    enabled: config.enabled,
    compressor: config.compressor,
    max_pool_percent: percent,
    accept_threshold_percent: config.acceptThresholdPercent,
    shrinker_enabled: config.shrinkerEnabled,
    shrinker_policy: config.shrinkerPolicy,
    zpool: config.zpool,
    pool_size: poolLimit.kind === 'bytes' ? poolLimit.bytes : bytes,
  };
}

function spillStats(path: string, writable: boolean): NonNullable<StatsSnapshot['spill']> {
  return {
    path,
    size_bytes: GIB,
    used_bytes: 0,
    held_bytes: 0,
    direct: true,
    writable,
    io_errors: 0,
    checksum_errors: 0,
  };
}

/** Opens an engine; takes a configuration as the real one does. */
export function openMemoryEngine(config: EngineConfig): Promise<MemoryEngine> {
  const parameters = initialParameters(config);
  const disks = config.exports.map(({ name, sizeBytes }) => new MemoryDisk(name, sizeBytes));
  const limits = new Map<string, MemcgLimits>();
  for (const { name, zswapMax, zswapWriteback } of config.exports) {
    limits.set(name, { max: zswapMax, writeback: zswapWriteback });
  }
  let closed = false;
  let writable = true;
  const startedMs = performance.now();
  const memcgEntry = (disk: MemoryDisk): [string, MemcgStats] => [
    disk.name,
    memcgStats(disk, limits.get(disk.name) ?? { max: 'max', writeback: true }),
  ];
  const snapshot = (): StatsSnapshot => ({
    ...diskFigures(disks),
    rejects: NO_REJECTS,
    parameters: { ...parameters },
    size_classes: [],
    lru: { sampled_pages: 0, oldest_seconds: 0, export_oldest_seconds: {}, age_pages: [] },
    latency: { store: new LogHistogram().read(), load: new LogHistogram().read() },
    memcg: Object.fromEntries(disks.map(memcgEntry)),
    process: {
      rss: process.memoryUsage.rss(),
      metadata_bytes: 0,
      uptime_seconds: (performance.now() - startedMs) / 1000,
    },
    ...(config.spill === undefined ? {} : { spill: spillStats(config.spill, writable) }),
  });
  return Promise.resolve({
    rt: LOOP_RT,
    exports: disks,
    snapshot,
    setParameter: async (name, value) => {
      await LOOP_RT.yieldNow();
      const colon = name.indexOf(':');
      return colon < 0
        ? setGlobal(parameters, name, value)
        : setLimit(limits.get(name.slice(0, colon)), name.slice(colon + 1), value);
    },
    addExport: async ({ name, sizeBytes, zswapMax, zswapWriteback }) => {
      await LOOP_RT.yieldNow();
      disks.push(new MemoryDisk(name, sizeBytes));
      limits.set(name, { max: zswapMax, writeback: zswapWriteback });
    },
    removeExport: async (name) => {
      const index = disks.findIndex((disk) => disk.name === name);
      if (index < 0) throw new RangeError(`there is no export named ${name}`);
      disks.splice(index, 1);
      await LOOP_RT.yieldNow();
    },
    listExports: () =>
      disks.map(({ name, sizeBytes }) => ({ name, size_bytes: sizeBytes, state: 'ready' })),
    reclaim: (_name, bytes) => Promise.resolve(Math.min(bytes, PAGE_SIZE)),
    close: async () => {
      await LOOP_RT.yieldNow();
      closed = true;
    },
    isClosed: () => closed,
    setSpillWritable: (value) => {
      writable = value;
    },
  });
}
