/**
 * The daemon: the engine and the doors to it, opened in an order in which nothing is offered
 * before it works, and closed in the opposite one.
 *
 *     engine -> control socket -> HTTP -> NBD listeners -> ready
 */
import { openHttpServer } from '../dashboard/server.ts';
import type { StatsSnapshot } from '../metrics/snapshot.ts';
import { ZswapError } from '../std/error.ts';
import { MIB } from '../std/units.ts';
import type { ServeConfig } from './config.ts';
import { defaultControlPath } from './control/control-client.ts';
import { controlCommands } from './control/control-commands.ts';
import { openControlServer } from './control/control-server.ts';
import type { DaemonEngine, DaemonParts, NbdListener } from './daemon-parts.ts';
import { openListeners, takeListeners } from './listen/listeners.ts';
import { addressError } from './listen/socket-path.ts';
import { daemonSnapshot } from './daemon-stats.ts';
import type { Log } from './log.ts';
import { formatHostPort, type HostPort } from './options/values.ts';
import { openRecording, type Recording } from './recording.ts';
import { VERSION } from './version.ts';

export interface Daemon {
  readonly engine: DaemonEngine;
  /** NBD URIs: every export at every listener. */
  readonly uris: readonly string[];
  /** Path of the control socket. */
  readonly controlPath: string;
  /** The statistics now. */
  snapshot(): Promise<StatsSnapshot>;
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

async function openHttp(
  address: HostPort,
  engine: DaemonEngine,
  nbd: NbdListener,
  unreadyReason: (stats: StatsSnapshot) => string | undefined,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const source = {
    snapshot: () => daemonSnapshot(engine, nbd),
    facts: { version: VERSION, nodeVersion: process.version },
    unreadyReason,
    rt: engine.rt,
  };
  return openHttpServer(address, source).catch((error: unknown) => {
    throw addressError(error, '--http', address);
  });
}

/** Says what is in force where a default depends on the machine. */
async function logSettings(engine: DaemonEngine, config: ServeConfig, log: Log): Promise<void> {
  const { parameters, spill } = await engine.snapshot();
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

function openRecordOption(path: string | undefined, log: Log): Promise<Recording | undefined> {
  if (path === undefined) return Promise.resolve(undefined);
  return openRecording(path, log).catch((error: unknown) => {
    if (!(error instanceof ZswapError)) throw error;
    throw new ZswapError(error.code, `--record: ${error.message}`, { cause: error });
  });
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
    const recording = await openRecordOption(config.record, log);
    // After the engine, whose last requests are recorded, too.
    if (recording !== undefined) closers.push(() => recording.close());
    const { engine, nbd } = await parts
      .open(config.engine, recording?.trace)
      .catch((error: unknown) => {
        throw nameSpillOption(error);
      });
    closers.push(() => engine.close());
    recording?.begin(await engine.snapshot());
    const commands = { ...controlCommands(engine, nbd), ...parts.commands?.(engine) };
    const control = await openControlServer({ path: controlPath, commands });
    closers.push(() => control.close());
    let http: HostPort | undefined;
    if (config.http !== undefined) {
      const server = await openHttp(config.http, engine, nbd, ({ spill }) => {
        if (state !== 'ready') return state;
        return spill?.writable === false ? 'spill not writable' : undefined;
      });
      closers.push(() => server.close());
      http = { host: config.http.host, port: server.port };
    }
    closers.push(() => nbd.close());
    const uriOf =
      parts.listenFds.length > 0
        ? await takeListeners(nbd, parts.listenFds)
        : await openListeners(nbd, config);
    await logSettings(engine, config, log);
    log.info(`control socket ${controlPath}`);
    if (http !== undefined) log.info(`http://${formatHostPort(http)}/`);
    state = 'ready';
    return {
      engine,
      uris: uriOf.flatMap((uri) => engine.exports.map((disk) => uri(disk.name))),
      controlPath,
      snapshot: () => daemonSnapshot(engine, nbd),
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
