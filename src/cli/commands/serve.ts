/**
 * `zswapd serve`: reads what to run with, starts the daemon, and sees to signals and the service
 * manager until it ends. SIGTERM and SIGINT end it in order, a second one at once; SIGUSR1 prints
 * the statistics; SIGHUP reads the configuration file again and sets what can be changed while
 * running.
 */
import { renderHelp, UsageError, type HelpSpec } from '../options/args.ts';
import { ZswapError } from '../../std/error.ts';
import { EXIT_FAILED, EXIT_OK, type Command, type CommandStreams } from '../command.ts';
import { formatServeConfig, parametersOf, readServeInvocation } from '../config.ts';
import type { EngineConfig, ServeInvocation } from '../config.ts';
import { startDaemon, type Daemon } from '../daemon.ts';
import type { DaemonEngine, DaemonParts } from '../daemon-parts.ts';
import { stderrLog, type Log } from '../log.ts';
import { SERVE_OPTIONS } from '../options/serve-options.ts';
import { openNotifier, takeListenFds } from '../systemd.ts';
import { VERSION } from '../version.ts';

const HELP: HelpSpec = {
  name: 'serve',
  description: [
    'Serve compressed swap over NBD. Guests and clients swap onto the exports; their pages live ' +
      'compressed in memory, and those that it has no room for on the spill device. Prints one ' +
      'line that starts with ready, followed by the NBD URIs, when it accepts connections.',
    'Sizes are bytes, or 512K, 64M, 1G in powers of two. Exports are volatile: a client must not ' +
      'reconnect to a restarted daemon as if its pages were there.',
    'Signals: TERM and INT finish what is under way and exit 0 (a second one exits at once), ' +
      'USR1 prints the statistics to stderr, HUP reads the file of --config again and sets what ' +
      'can be changed while running: the limits, the compressor, the switches.',
  ],
  options: SERVE_OPTIONS,
};

/** How long a process that has closed everything may take to end by itself. */
const EXIT_WAIT_MS = 5_000;

/** The parts of the daemon that come from elsewhere, and how to check a compressor's name. */
export interface ServeParts extends Pick<DaemonParts, 'open'> {
  readonly commands?: DaemonParts['commands'];
  /** Throws ZswapError with one sentence for a compressor or a level that there is not. */
  readonly checkCompressor: (spec: string) => void;
}

/** What the command line cannot know without the codecs: a wrong name is bad usage all the same. */
function checkCompressors(engine: EngineConfig, parts: ServeParts): void {
  const check = (compressor: string, origin: string): void => {
    try {
      parts.checkCompressor(compressor);
    } catch (error) {
      if (!(error instanceof ZswapError)) throw error;
      throw new UsageError(`${origin}: ${error.message}`, { cause: error });
    }
  };
  check(engine.compressor, '--compressor');
  for (const { name, compressor } of engine.exports) {
    if (compressor !== undefined) check(compressor, `--export: ${name}: compressor`);
  }
}

/**
 * Reads the configuration again and sets the parameters that differ from `current`.
 *
 * @returns what the next reload compares with: what failed stays as it was
 */
export async function reloadParameters(
  argv: readonly string[],
  current: ReadonlyMap<string, string>,
  engine: DaemonEngine,
  log: Log,
): Promise<ReadonlyMap<string, string>> {
  let wanted: ReadonlyMap<string, string>;
  try {
    wanted = parametersOf((await readServeInvocation(argv)).config.engine);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    log.error(`reload: ${error.message}; nothing has changed`);
    return current;
  }
  const inForce = new Map<string, string>();
  const exportNames = new Set(engine.exports.map((disk) => disk.name));
  const unknownNames = new Set<string>();
  for (const [name, value] of wanted) {
    const [exportName = '', file] = name.split(':');
    if (current.get(name) === value) {
      inForce.set(name, value);
    } else if (file !== undefined && !exportNames.has(exportName)) {
      unknownNames.add(exportName);
    } else {
      try {
        log.info(`reload: ${name} = ${await engine.setParameter(name, value)}`);
        inForce.set(name, value);
      } catch (error) {
        log.error(`reload: ${name}: ${error instanceof Error ? error.message : String(error)}`);
        const before = current.get(name);
        if (before !== undefined) inForce.set(name, before);
      }
    }
  }
  for (const name of unknownNames)
    log.warn(`reload: ${name}: exports are added by zswapd export add`);
  return inForce;
}

/** Resolves when the first ending signal arrives; a second one ends the process at once. */
function watchEndSignals(log: Log): Promise<string> {
  return new Promise((resolve) => {
    let count = 0;
    const onSignal = (signal: string): void => {
      count += 1;
      if (count > 1) {
        log.error(`${signal} again: exiting at once`);
        process.exit(EXIT_FAILED);
      }
      log.info(`${signal}: finishing what is under way`);
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** Signals before the daemon is up: nothing to print, nothing to reload, and no reason to end. */
function ignoreUntilReady(): () => void {
  const ignore = (): void => {};
  process.on('SIGHUP', ignore);
  process.on('SIGUSR1', ignore);
  return () => {
    process.off('SIGHUP', ignore);
    process.off('SIGUSR1', ignore);
  };
}

function watchOtherSignals(
  daemon: Daemon,
  invocation: ServeInvocation,
  argv: readonly string[],
  log: Log,
): void {
  process.on('SIGUSR1', () => {
    void daemon.snapshot().then(
      (stats) => log.info(JSON.stringify(stats)),
      (error: unknown) => log.error(`SIGUSR1: ${String(error)}`),
    );
  });
  let parameters: ReadonlyMap<string, string> = parametersOf(invocation.config.engine);
  let reload = Promise.resolve();
  process.on('SIGHUP', () => {
    if (invocation.configPath === undefined) {
      log.info('SIGHUP: nothing to reload without --config');
      return;
    }
    reload = reload.then(async () => {
      parameters = await reloadParameters(argv, parameters, daemon.engine, log);
    });
  });
}

async function serveUntilSignal(
  invocation: ServeInvocation,
  argv: readonly string[],
  parts: ServeParts,
  streams: CommandStreams,
): Promise<number> {
  const { environment } = streams;
  const log = stderrLog(environment);
  const listenFds = takeListenFds(environment, process.pid);
  if (listenFds.length > 0 && invocation.listenOrigin !== undefined) {
    throw new UsageError(
      `${invocation.listenOrigin}: not under socket activation, where the sockets are systemd's`,
    );
  }
  const notifier = openNotifier(environment, process.pid, log);
  try {
    const ended = watchEndSignals(log);
    const heedSignals = ignoreUntilReady();
    const daemon = await startDaemon(invocation.config, {
      open: parts.open,
      ...(parts.commands === undefined ? {} : { commands: parts.commands }),
      log,
      environment,
      listenFds,
    });
    heedSignals();
    watchOtherSignals(daemon, invocation, argv, log);
    streams.out(`${['ready', ...daemon.uris].join(' ')}\n`);
    notifier.send('READY=1');
    await ended;
    notifier.send('STOPPING=1');
    await daemon.stop();
    // Everything is closed. Whatever is still open by mistake must not keep the process.
    setTimeout(() => {
      log.warn('something is still open: exiting all the same');
      process.exit(EXIT_OK);
    }, EXIT_WAIT_MS).unref();
  } finally {
    await notifier.close();
  }
  return EXIT_OK;
}

/**
 * Runs the command with the given parts.
 *
 * @param load - gives the engine and the NBD server, once the command line has been found right
 */
export async function runServe(
  argv: readonly string[],
  streams: CommandStreams,
  load: () => Promise<ServeParts>,
): Promise<number> {
  const invocation = await readServeInvocation(argv);
  if (invocation.help || invocation.version) {
    streams.out(invocation.help ? renderHelp(HELP) : `${VERSION}\n`);
    return EXIT_OK;
  }
  const parts = await load();
  checkCompressors(invocation.config.engine, parts);
  if (invocation.checkOnly) {
    streams.out(formatServeConfig(invocation.config));
    return EXIT_OK;
  }
  return serveUntilSignal(invocation, argv, parts, streams);
}

async function loadParts(): Promise<ServeParts> {
  const [{ openEngine }, { createNbdServer }, { parseCompressor }] = await Promise.all([
    import('../engine/open-engine.ts'),
    import('../../nbd/server.ts'),
    import('../../codec/registry.ts'),
  ]);
  return {
    open: async (config, trace) => {
      if (config.shards > 1) {
        const { openShardedEngine } = await import('../shards/sharded-engine.ts');
        const engine = await openShardedEngine(config);
        return { engine, nbd: engine.nbd };
      }
      const engine = await openEngine({ ...config, ...(trace && { trace }) });
      return { engine, nbd: createNbdServer({ exports: () => engine.exports, rt: engine.rt }) };
    },
    checkCompressor: parseCompressor,
  };
}

export const command: Command = {
  help: HELP,
  run: (argv, streams) => runServe(argv, streams, loadParts),
};
