/**
 * What `zswapd serve` runs with: the command line over the configuration file over the defaults,
 * and the way back, as a file and as parameters that can be set.
 */
import type { PoolLimit } from '../engine/stack.ts';
import type { ShrinkerPolicy } from '../memcg/shrinker-policy.ts';
import {
  parseArguments,
  resolveOptions,
  UsageError,
  type GivenOption,
  type OptionValues,
} from './options/args.ts';
import { readConfigFile } from './options/config-file.ts';
import { parseExport, type ExportConfig } from './options/export-spec.ts';
import {
  DEFAULT_ACCEPT_THRESHOLD_PERCENT,
  DEFAULT_COMPRESSOR,
  DEFAULT_EXPORT,
  DEFAULT_HTTP,
  DEFAULT_LISTEN,
  DEFAULT_MAX_POOL_PERCENT,
  DEFAULT_SHRINKER_POLICY,
  DEFAULT_SPILL,
  DEFAULT_ZPOOL,
  SERVE_OPTIONS,
} from './options/serve-options.ts';
import { formatHostPort, formatSize, parseHostPort } from './options/values.ts';
import type { HostPort, ZpoolName } from './options/values.ts';

/** What the engine is opened with. */
export interface EngineConfig {
  /** At least one, with different names; the first is the one with the empty name over NBD. */
  readonly exports: readonly ExportConfig[];
  readonly poolLimit: PoolLimit;
  readonly acceptThresholdPercent: number;
  readonly shrinkerEnabled: boolean;
  readonly shrinkerPolicy: ShrinkerPolicy;
  /** `NAME` or `NAME:LEVEL`. */
  readonly compressor: string;
  /** Path of the backing swap device; undefined for none. */
  readonly spill: string | undefined;
  readonly enabled: boolean;
  readonly zpool: ZpoolName;
  /** Start over a device that was not closed cleanly. */
  readonly reset: boolean;
  /** Engines on threads of their own, 1..64; 1 is the main thread itself. */
  readonly shards: number;
}

/** Everything `zswapd serve` runs with. */
export interface ServeConfig {
  readonly unix: readonly string[];
  readonly listen: readonly HostPort[];
  readonly http: HostPort | undefined;
  /** Path of the control socket; undefined takes the default place. */
  readonly control: string | undefined;
  /** File to record to; undefined: none. */
  readonly record: string | undefined;
  readonly engine: EngineConfig;
}

type ServeValues = OptionValues<typeof SERVE_OPTIONS>;

function checkExports(exports: readonly ExportConfig[]): void {
  const names = new Set<string>();
  for (const { name } of exports) {
    if (names.has(name)) throw new UsageError(`--export: '${name}' is given twice`);
    names.add(name);
  }
}

function poolLimitOf(values: ServeValues): PoolLimit {
  const bytes = values['pool-size'];
  return bytes === undefined
    ? { kind: 'percent', percent: values['max-pool-percent'] ?? DEFAULT_MAX_POOL_PERCENT }
    : { kind: 'bytes', bytes };
}

/** Fills in the defaults. */
export function serveConfigOf(values: ServeValues): ServeConfig {
  const exports = values.export ?? [parseExport(DEFAULT_EXPORT)];
  checkExports(exports);
  const unix = values.unix ?? [];
  if (values.record !== undefined && (values.shards ?? 1) > 1) {
    throw new UsageError('--record: takes one shard, since shards have no order in common');
  }
  const listen = values.listen ?? (unix.length === 0 ? [parseHostPort(DEFAULT_LISTEN)] : []);
  return {
    unix,
    listen,
    http: values['no-http'] ? undefined : (values.http ?? parseHostPort(DEFAULT_HTTP)),
    control: values.control,
    record: values.record,
    engine: {
      exports,
      poolLimit: poolLimitOf(values),
      acceptThresholdPercent:
        values['accept-threshold-percent'] ?? DEFAULT_ACCEPT_THRESHOLD_PERCENT,
      shrinkerEnabled: values['shrinker-enabled'] ?? false,
      shrinkerPolicy: values['shrinker-policy'] ?? DEFAULT_SHRINKER_POLICY,
      compressor: values.compressor ?? DEFAULT_COMPRESSOR,
      spill: values['no-spill'] ? undefined : (values.spill ?? DEFAULT_SPILL),
      enabled: values.enabled ?? true,
      zpool: values.zpool ?? DEFAULT_ZPOOL,
      reset: values.reset ?? false,
      shards: values.shards ?? 1,
    },
  };
}

/** A command line of `zswapd serve`, read and checked. */
export interface ServeInvocation {
  readonly help: boolean;
  readonly version: boolean;
  readonly checkOnly: boolean;
  /** The configuration file, if there is one. */
  readonly configPath: string | undefined;
  /** What of the sockets to listen on was given, for the refusal under socket activation. */
  readonly listenOrigin: string | undefined;
  readonly config: ServeConfig;
}

/**
 * Reads the command line and the configuration file it names.
 *
 * @throws UsageError in one line that names the option or the key
 */
export async function readServeInvocation(argv: readonly string[]): Promise<ServeInvocation> {
  const { given, help, version } = parseArguments(SERVE_OPTIONS, argv);
  const own = resolveOptions(SERVE_OPTIONS, given);
  const wantsFile = own.config !== undefined && !help && !version;
  const fromFile = wantsFile ? await readConfigFile(own.config) : [];
  const values = resolveOptions(SERVE_OPTIONS, given, fromFile);
  const isListening = (option: GivenOption): boolean =>
    option.name === 'unix' || option.name === 'listen';
  return {
    help,
    version,
    checkOnly: values['check-config'] ?? false,
    configPath: own.config,
    listenOrigin: [...given, ...fromFile].find(isListening)?.origin,
    config: serveConfigOf(values),
  };
}

/**
 * The parameters of a configuration that can be changed while it runs, by the names `setParameter`
 * takes. The difference of two such maps is what a reload sets.
 */
export function parametersOf(config: EngineConfig): Map<string, string> {
  const { poolLimit } = config;
  const parameters = new Map([
    ['enabled', config.enabled ? '1' : '0'],
    ['compressor', config.compressor],
    poolLimit.kind === 'bytes'
      ? ['pool_size', String(poolLimit.bytes)]
      : ['max_pool_percent', String(poolLimit.percent)],
    ['accept_threshold_percent', String(config.acceptThresholdPercent)],
    ['shrinker_enabled', config.shrinkerEnabled ? '1' : '0'],
    ['shrinker_policy', config.shrinkerPolicy],
    ['zpool', config.zpool],
  ]);
  for (const { name, zswapMax, zswapWriteback } of config.exports) {
    parameters.set(`${name}:memory.zswap.max`, String(zswapMax));
    parameters.set(`${name}:memory.zswap.writeback`, zswapWriteback ? '1' : '0');
  }
  return parameters;
}

/** What is in force, as a configuration file that says the same. For `--check-config`. */
export function formatServeConfig(config: ServeConfig): string {
  const { engine } = config;
  const quote = (text: string): string => JSON.stringify(text);
  const list = (items: readonly string[]): string => `[${items.map(quote).join(', ')}]`;
  const lines = [
    config.unix.length > 0 ? `unix = ${list(config.unix)}` : '',
    config.listen.length > 0 ? `listen = ${list(config.listen.map(formatHostPort))}` : '',
    engine.poolLimit.kind === 'bytes'
      ? `pool-size = ${quote(formatSize(engine.poolLimit.bytes))}`
      : `max-pool-percent = ${engine.poolLimit.percent}`,
    `accept-threshold-percent = ${engine.acceptThresholdPercent}`,
    `shrinker-enabled = ${engine.shrinkerEnabled}`,
    `shrinker-policy = ${quote(engine.shrinkerPolicy)}`,
    `compressor = ${quote(engine.compressor)}`,
    engine.spill === undefined ? 'no-spill = true' : `spill = ${quote(engine.spill)}`,
    config.http === undefined ? 'no-http = true' : `http = ${quote(formatHostPort(config.http))}`,
    config.control === undefined ? '' : `control = ${quote(config.control)}`,
    config.record === undefined ? '' : `record = ${quote(config.record)}`,
    `enabled = ${engine.enabled}`,
    `zpool = ${quote(engine.zpool)}`,
    engine.shards === 1 ? '' : `shards = ${engine.shards}`,
    engine.reset ? 'reset = true' : '',
  ];
  for (const { name, sizeBytes, zswapMax, zswapWriteback, compressor } of engine.exports) {
    lines.push('\n[[export]]', `name = ${quote(name)}`, `size = ${quote(formatSize(sizeBytes))}`);
    lines.push(`zswap.max = ${zswapMax === 'max' ? quote('max') : quote(formatSize(zswapMax))}`);
    lines.push(`zswap.writeback = ${zswapWriteback}`);
    if (compressor !== undefined) lines.push(`compressor = ${quote(compressor)}`);
  }
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}
