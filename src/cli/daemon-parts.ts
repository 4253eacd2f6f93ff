/**
 * What the daemon is put together from, as it sees it: the engine, the NBD server, and what tells
 * it about the process. The interfaces are as narrow as the daemon's needs, so that tests can put
 * other parts in.
 */
import type { ExportState } from '../blk/export-table.ts';
import type { DiskTrace } from '../blk/disk-trace.ts';
import type { BlkDisk, BlkOp } from '../blk/request.ts';
import type { StatsSnapshot } from '../metrics/snapshot.ts';
import type { Rt } from '../rt/rt.ts';
import type { HistogramReading } from '../std/log-histogram.ts';
import type { EngineConfig } from './config.ts';
import type { ControlCommand } from './control/control-server.ts';
import type { Environment } from './environment.ts';
import type { Log } from './log.ts';
import type { ExportConfig } from './options/export-spec.ts';

/** An export as clients are told of it. */
export type OfferedExport = Pick<BlkDisk, 'name' | 'sizeBytes'>;

/** The engine as the daemon sees it: one, or several under one limit. */
export interface DaemonEngine {
  readonly rt: Rt;
  /** The disks, in the order of the configuration. */
  readonly exports: readonly OfferedExport[];
  /** The statistics now. Quick: it is taken on every scrape. */
  snapshot(): StatsSnapshot | Promise<StatsSnapshot>;
  /**
   * Changes a parameter while running: `enabled`, `compressor`, `max_pool_percent`, `pool_size`,
   * `accept_threshold_percent`, `shrinker_enabled`, `shrinker_policy`, `zpool`, or of one export
   * `NAME:memory.zswap.max` and `NAME:memory.zswap.writeback`.
   *
   * @returns the value in force then
   * @throws TypeError, RangeError or ZswapError in one sentence; nothing has changed then
   */
  setParameter(name: string, value: string): Promise<string>;
  /**
   * Adds an export.
   *
   * @throws ZswapError `ZSWAP_EXPORT` if the name is taken or it does not fit, or RangeError for
   *   what it takes; nothing has changed then
   */
  addExport(config: ExportConfig): Promise<void>;
  /**
   * Removes an export: it is not among {@link exports} any more when this returns, and it has gone
   * with all it held when the promise resolves. Asked again meanwhile, it waits for
   * the same. Waits for the requests under way: their clients have to be ended.
   *
   * @throws RangeError if there is none of that name
   */
  removeExport(name: string): Promise<void>;
  /** The exports, those that are being removed included. */
  listExports(): readonly ExportState[] | Promise<readonly ExportState[]>;
  /**
   * Writes about so many compressed bytes of an export back to the device.
   *
   * @returns bytes written back; fewer if there are no more
   * @throws RangeError for an unknown export, or `ZSWAP_RECLAIM` if it has nowhere to go
   */
  reclaim(name: string, bytes: number): Promise<number>;
  /** Ends background work and closes the device cleanly. No request may be under way. */
  close(): Promise<void>;
}

/** What the NBD server counts. */
export interface NbdCounts {
  readonly connectionsAccepted: number;
  readonly connectionsRefused: number;
  readonly connectionsDropped: number;
  readonly reads: number;
  readonly writes: number;
  readonly flushes: number;
  readonly trims: number;
  readonly writeZeroes: number;
  readonly blockStatuses: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesTrimmed: number;
  readonly bytesZeroed: number;
  /** Replies that carried an error. */
  readonly errors: number;
}

/** The NBD server as the daemon sees it. */
export interface NbdListener {
  listenUnix(path: string): Promise<unknown>;
  /** Resolves to the port. */
  listenTcp(host: string, port: number): Promise<number>;
  /** Takes over a listening socket. */
  listenFd(fd: number): Promise<unknown>;
  /** Ends the connections of an export that is not offered any more, soon. */
  endConnections(disk: OfferedExport): void;
  /** Stops accepting, finishes the requests under way, and closes the connections. */
  close(): Promise<void>;
  readonly connectionCount: number;
  /** What it has done so far; plain numbers that only grow. */
  readonly counters: NbdCounts;
  /** How long requests have taken. */
  readonly times: { read(): Readonly<Record<BlkOp, HistogramReading>> };
}

/** An engine, and the server that offers its exports and listens nowhere yet. */
export interface Serving {
  readonly engine: DaemonEngine;
  readonly nbd: NbdListener;
}

/** What the daemon is put together from. */
export interface DaemonParts {
  /** The trace gets each request of an export that has ended. */
  readonly open: (config: EngineConfig, trace?: DiskTrace) => Promise<Serving>;
  readonly log: Log;
  readonly environment: Environment;
  /** Listening sockets handed over by systemd; then the configuration's are not opened. */
  readonly listenFds: readonly number[];
  /** More control commands, by name. */
  readonly commands?: (engine: DaemonEngine) => Readonly<Record<string, ControlCommand>>;
}
