/**
 * What `zswapd serve` runs with: the command line over the configuration file over the defaults.
 * The file is TOML with the options' names as keys, at the top or in `[serve]`, and a table
 * `[[export]]` for each export. Every key is checked; an unknown one is refused by name.
 */
import { readFile } from 'node:fs/promises';
import type { PoolLimit } from '../engine/stack.ts';
import {
  parseArguments,
  resolveOptions,
  UsageError,
  type GivenOption,
  type OptionRow,
  type OptionValues,
} from './options/args.ts';
import {
  exportFromFields,
  formatExport,
  parseExport,
  type ExportConfig,
} from './options/export-spec.ts';
import {
  DEFAULT_ACCEPT_THRESHOLD_PERCENT,
  DEFAULT_COMPRESSOR,
  DEFAULT_EXPORT,
  DEFAULT_HTTP,
  DEFAULT_LISTEN,
  DEFAULT_MAX_POOL_PERCENT,
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
  /** `NAME` or `NAME:LEVEL`. */
  readonly compressor: string;
  /** Path of the backing swap device; undefined for none. */
  readonly spill: string | undefined;
  readonly enabled: boolean;
  readonly zpool: ZpoolName;
  /** Start over a device that was not closed cleanly. */
  readonly reset: boolean;
}

/** Everything `zswapd serve` runs with. */
export interface ServeConfig {
  readonly unix: readonly string[];
  readonly listen: readonly HostPort[];
  readonly http: HostPort | undefined;
  /** Path of the control socket; undefined takes the default place. */
  readonly control: string | undefined;
  readonly engine: EngineConfig;
}

type ServeValues = OptionValues<typeof SERVE_OPTIONS>;

/** Options that make no sense in a file. */
const NOT_IN_FILE: readonly string[] = ['config', 'check-config'];

function isTable(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

function scalarText(value: unknown, origin: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  throw new UsageError(`${origin}: takes a string, a number or a boolean`);
}

/** `{ zswap: { max: 1 } }` is what TOML makes of the dotted key `zswap.max = 1`. */
function flatten(table: Record<string, unknown>, origin: string, prefix = ''): [string, string][] {
  return Object.entries(table).flatMap(([key, value]): [string, string][] => {
    const name = `${prefix}${key}`;
    return isTable(value)
      ? flatten(value, origin, `${name}.`)
      : [[name, scalarText(value, `${origin}: ${name}`)]];
  });
}

function exportText(value: unknown, origin: string): string {
  if (!isTable(value)) return scalarText(value, origin);
  try {
    return formatExport(exportFromFields(new Map(flatten(value, origin))));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`${origin}: ${error.message}`, { cause: error });
  }
}

function optionText(row: OptionRow<unknown>, value: unknown, origin: string): string {
  // A number or a truth value would become the name of a file.
  if (row.kind !== 'switch' && row.value === 'PATH' && typeof value !== 'string') {
    throw new UsageError(`${origin}: takes a path in quotes`);
  }
  return scalarText(value, origin);
}

function givenFromTable(table: Record<string, unknown>, file: string): GivenOption[] {
  const given: GivenOption[] = [];
  for (const [name, value] of Object.entries(table)) {
    const origin = `${file}: ${name}`;
    const row = Object.entries(SERVE_OPTIONS).find(([known]) => known === name)?.[1];
    if (row === undefined || NOT_IN_FILE.includes(name)) {
      throw new UsageError(`${origin}: unknown key; 'zswapd serve --help' lists the names`);
    }
    if (row.kind === 'switch') {
      if (typeof value !== 'boolean') throw new UsageError(`${origin}: takes true or false`);
      if (value) given.push({ name, text: undefined, origin });
    } else if (row.kind === 'list') {
      for (const item of Array.isArray(value) ? value : [value]) {
        const text = name === 'export' ? exportText(item, origin) : optionText(row, item, origin);
        given.push({ name, text, origin });
      }
    } else if (value === false && (name === 'spill' || name === 'http')) {
      given.push({ name: `no-${name}`, text: undefined, origin });
    } else {
      given.push({ name, text: optionText(row, value, origin), origin });
    }
  }
  return given;
}

/**
 * Reads the text of a configuration file.
 *
 * @param file - its name, for messages
 * @throws UsageError in one line for a syntax error, an unknown key or a value of the wrong kind
 */
export async function parseConfigText(text: string, file: string): Promise<GivenOption[]> {
  const { parse, TomlError } = await import('smol-toml');
  let document: Record<string, unknown>;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.replace(/^Invalid TOML document: /, '').split('\n')[0] ?? '';
    throw new UsageError(`${file}:${error.line}:${error.column}: ${reason}`, { cause: error });
  }
  const { serve, ...top } = document;
  if (serve !== undefined && !isTable(serve)) throw new UsageError(`${file}: serve: takes a table`);
  for (const name of Object.keys(serve ?? {})) {
    if (Object.hasOwn(top, name)) {
      throw new UsageError(`${file}: ${name}: given both at the top and in [serve]`);
    }
  }
  return givenFromTable({ ...top, ...serve }, file);
}

async function readConfigFile(path: string): Promise<GivenOption[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--config: cannot read '${path}': ${reason}`, { cause: error });
  }
  return parseConfigText(text, path);
}

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
  const listen = values.listen ?? (unix.length === 0 ? [parseHostPort(DEFAULT_LISTEN)] : []);
  return {
    unix,
    listen,
    http: values['no-http'] ? undefined : (values.http ?? parseHostPort(DEFAULT_HTTP)),
    control: values.control,
    engine: {
      exports,
      poolLimit: poolLimitOf(values),
      acceptThresholdPercent:
        values['accept-threshold-percent'] ?? DEFAULT_ACCEPT_THRESHOLD_PERCENT,
      shrinkerEnabled: values['shrinker-enabled'] ?? false,
      compressor: values.compressor ?? DEFAULT_COMPRESSOR,
      spill: values['no-spill'] ? undefined : (values.spill ?? DEFAULT_SPILL),
      enabled: values.enabled ?? true,
      zpool: values.zpool ?? DEFAULT_ZPOOL,
      reset: values.reset ?? false,
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
    `compressor = ${quote(engine.compressor)}`,
    engine.spill === undefined ? 'no-spill = true' : `spill = ${quote(engine.spill)}`,
    config.http === undefined ? 'no-http = true' : `http = ${quote(formatHostPort(config.http))}`,
    config.control === undefined ? '' : `control = ${quote(config.control)}`,
    `enabled = ${engine.enabled}`,
    `zpool = ${quote(engine.zpool)}`,
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
