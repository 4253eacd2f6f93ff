/**
 * The daemon: the engine and the doors to it, opened in an order in which nothing is offered
 * before it works, and closed in the opposite one. What the doors need of the engine is {@link
 * DaemonEngine} and no more.
 *
 *     engine -> control socket -> HTTP -> NBD listeners -> ready
 */
import type { ExportState } from '../blk/export-table.ts';
import type { BlkDisk } from '../blk/request.ts';
import { openHttpServer } from '../dashboard/server.ts';
import type { NbdFacts } from '../metrics/prometheus.ts';
import type { StatsSnapshot } from '../metrics/snapshot.ts';
import type { Rt } from '../rt/rt.ts';
import { ZswapError } from '../std/error.ts';
import { MIB } from '../std/units.ts';
import type { EngineConfig, ServeConfig } from './config.ts';
import { defaultControlPath } from './control-client.ts';
import { openControlServer, type ControlCommand, type ControlRequest } from './control.ts';
import type { Environment } from './environment.ts';
import { listeningAddress } from './fd-address.ts';
import type { Log } from './log.ts';
import { addressError, claimSocketPath, pathError } from './socket-path.ts';
import { parseExport, type ExportConfig } from './options/export-spec.ts';
import { formatHostPort, parseSize, type HostPort } from './options/values.ts';
import { VERSION } from './version.ts';

/** The engine as the daemon sees it. */
export interface DaemonEngine {
  readonly rt: Rt;
  /** The disks, in the order of the configuration. */
  readonly exports: readonly BlkDisk[];
  /** The statistics now. Quick: it is taken on every scrape. */
  snapshot(): StatsSnapshot;
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
  listExports(): readonly ExportState[];
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

/** The NBD server as the daemon sees it. */
export interface NbdListener {
  listenUnix(path: string): Promise<unknown>;
  /** Resolves to the port. */
  listenTcp(host: string, port: number): Promise<number>;
  /** Takes over a listening socket. */
  listenFd(fd: number): Promise<unknown>;
  /** Ends the connections of a disk that is not offered any more, soon. */
  endConnections(disk: BlkDisk): void;
  /** Stops accepting, finishes the requests under way, and closes the connections. */
  close(): Promise<void>;
  readonly connectionCount: number;
  /** What it has done so far; plain numbers that only grow. */
  readonly counters: NbdFacts;
}

export interface NbdListenerOptions {
  readonly exports: () => readonly BlkDisk[];
  readonly rt: Rt;
}

/** What the daemon is put together from. */
export interface DaemonParts {
  readonly openEngine: (config: EngineConfig) => Promise<DaemonEngine>;
  readonly createNbdServer: (options: NbdListenerOptions) => NbdListener;
  readonly log: Log;
  readonly environment: Environment;
  /** Listening sockets handed over by systemd; then the configuration's are not opened. */
  readonly listenFds: readonly number[];
  /** More control commands, by name. */
  readonly commands?: (engine: DaemonEngine) => Readonly<Record<string, ControlCommand>>;
}

export interface Daemon {
  readonly engine: DaemonEngine;
  /** NBD URIs: every export at every listener. */
  readonly uris: readonly string[];
  /** Path of the control socket. */
  readonly controlPath: string;
  /** Where HTTP is served; undefined without. */
  readonly http: HostPort | undefined;
  /** Stops accepting, finishes what is under way, and closes everything. */
  stop(): Promise<void>;
}

/** Things that are open, closed in the opposite order. */
class Closers {
  readonly #closers: (() => Promise<void>)[] = [];

  push(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Closes all, even where one fails; then throws the first failure. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      await close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** The URI of an export on a Unix socket. @see the NBD project's `doc/uri.md` */
export function unixUri(path: string, exportName: string): string {
  const socket = encodeURIComponent(path).replaceAll('%2F', '/');
  return `nbd+unix:///${encodeURIComponent(exportName)}?socket=${socket}`;
}

/** The URI of an export on TCP. */
export function tcpUri(address: HostPort, exportName: string): string {
  return `nbd://${formatHostPort(address)}/${encodeURIComponent(exportName)}`;
}

type UriOf = (exportName: string) => string;

/** Takes over the sockets of systemd. Their addresses are asked for first, while they are ours. */
async function takeListeners(nbd: NbdListener, fds: readonly number[]): Promise<UriOf[]> {
  const uriOf: UriOf[] = [];
  for (const fd of fds) {
    const found = listeningAddress(fd);
    await nbd.listenFd(fd).catch((error: unknown) => {
      throw new ZswapError(
        'ZSWAP_LISTEN',
        `LISTEN_FDS: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    });
    if (found?.kind === 'unix') uriOf.push((exportName) => unixUri(found.path, exportName));
    if (found?.kind === 'tcp') uriOf.push((exportName) => tcpUri(found.address, exportName));
  }
  return uriOf;
}

async function openListeners(nbd: NbdListener, config: ServeConfig): Promise<UriOf[]> {
  const uriOf: UriOf[] = [];
  for (const path of config.unix) {
    await claimSocketPath(path, '--unix');
    await nbd.listenUnix(path).catch((error: unknown) => {
      throw pathError(error, '--unix', path);
    });
    uriOf.push((exportName) => unixUri(path, exportName));
  }
  for (const address of config.listen) {
    const port = await nbd.listenTcp(address.host, address.port).catch((error: unknown) => {
      throw addressError(error, '--listen', address);
    });
    uriOf.push((exportName) => tcpUri({ host: address.host, port }, exportName));
  }
  return uriOf;
}

function stringArgument(request: ControlRequest, name: string): string {
  const value = request[name];
  if (typeof value !== 'string') throw new TypeError(`${request.command}: ${name} is not a string`);
  return value;
}

/** `export`: adds, removes or lists, by `action`. */
async function changeExports(
  engine: DaemonEngine,
  nbd: NbdListener,
  request: ControlRequest,
): Promise<unknown> {
  const action = stringArgument(request, 'action');
  switch (action) {
    case 'list':
      return engine.listExports();
    case 'add': {
      const config = parseExport(stringArgument(request, 'export'));
      await engine.addExport(config);
      return config.name;
    }
    case 'remove': {
      const name = stringArgument(request, 'name');
      const disk = engine.exports.find((each) => each.name === name);
      const gone = engine.removeExport(name);
      if (disk !== undefined) nbd.endConnections(disk);
      await gone;
      return name;
    }
    default:
      throw new RangeError(`there is no export ${action}: there are add, remove, list`);
  }
}

function controlCommands(engine: DaemonEngine, nbd: NbdListener): Record<string, ControlCommand> {
  return {
    stat: () => engine.snapshot(),
    reclaim: (request) =>
      engine.reclaim(stringArgument(request, 'name'), parseSize(stringArgument(request, 'bytes'))),
    export: (request) => changeExports(engine, nbd, request),
    set: (request) =>
      engine.setParameter(stringArgument(request, 'name'), stringArgument(request, 'value')),
  };
}

async function openHttp(
  address: HostPort,
  engine: DaemonEngine,
  nbd: NbdListener,
  unreadyReason: () => string | undefined,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const source = {
    snapshot: () => engine.snapshot(),
    facts: () => ({
      version: VERSION,
      nodeVersion: process.version,
      connectionCount: nbd.connectionCount,
      nbd: nbd.counters,
    }),
    unreadyReason,
  };
  return openHttpServer(address, source).catch((error: unknown) => {
    throw addressError(error, '--http', address);
  });
}

/** Says what is in force where a default depends on the machine. */
function logSettings(engine: DaemonEngine, config: ServeConfig, log: Log): void {
  const { parameters, spill } = engine.snapshot();
  const { poolLimit } = config.engine;
  const share = poolLimit.kind === 'percent' ? ` (${poolLimit.percent} % of memory)` : '';
  log.info(
    `pool limit ${(parameters.pool_size / MIB).toFixed(1)} MiB${share}, ` +
      `compressor ${parameters.compressor}, zpool ${parameters.zpool}, ` +
      `spill ${spill === undefined ? 'none' : spill.path}`,
  );
  if (spill !== undefined && !spill.direct) {
    log.warn(`${spill.path} goes through the page cache: spilling frees less memory than it seems`);
  }
}

/** What to do about a device that is refused, by the options there are for it. */
function nameSpillOption(error: unknown): unknown {
  if (!(error instanceof ZswapError) || !error.code.startsWith('ZSWAP_DEVICE_')) return error;
  const isResettable =
    error.code === 'ZSWAP_DEVICE_UNCLEAN' || error.code === 'ZSWAP_DEVICE_FOREIGN';
  const message = `--spill: ${error.message}${isResettable ? ' (--reset)' : ''}`;
  return new ZswapError(error.code, message, { cause: error });
}

/**
 * Starts everything.
 *
 * @throws ZswapError in one sentence if something cannot be opened; what was opened is closed again
 */
export async function startDaemon(config: ServeConfig, parts: DaemonParts): Promise<Daemon> {
  const { log } = parts;
  const closers = new Closers();
  let state: 'starting' | 'ready' | 'stopping' = 'starting';
  try {
    const controlPath = config.control ?? defaultControlPath(parts.environment);
    const engine = await parts.openEngine(config.engine).catch((error: unknown) => {
      throw nameSpillOption(error);
    });
    closers.push(() => engine.close());
    // It listens nowhere yet: the control socket comes first, and has to end its connections.
    const nbd = parts.createNbdServer({ exports: () => engine.exports, rt: engine.rt });
    const commands = { ...controlCommands(engine, nbd), ...parts.commands?.(engine) };
    const control = await openControlServer({ path: controlPath, commands });
    closers.push(() => control.close());
    let http: HostPort | undefined;
    if (config.http !== undefined) {
      const server = await openHttp(config.http, engine, nbd, () => {
        if (state !== 'ready') return state;
        return engine.snapshot().spill?.writable === false ? 'spill not writable' : undefined;
      });
      closers.push(() => server.close());
      http = { host: config.http.host, port: server.port };
    }
    closers.push(() => nbd.close());
    const uriOf =
      parts.listenFds.length > 0
        ? await takeListeners(nbd, parts.listenFds)
        : await openListeners(nbd, config);
    logSettings(engine, config, log);
    log.info(`control socket ${controlPath}`);
    if (http !== undefined) log.info(`http://${formatHostPort(http)}/`);
    state = 'ready';
    return {
      engine,
      uris: uriOf.flatMap((uri) => engine.exports.map((disk) => uri(disk.name))),
      controlPath,
      http,
      stop: async () => {
        state = 'stopping';
        await closers.close();
      },
    };
  } catch (error) {
    // The first failure is the one to report; a second while closing follows from it.
    await closers.close().catch((second: unknown) => log.warn(`while closing: ${String(second)}`));
    throw error;
  }
}
