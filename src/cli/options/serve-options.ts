/** The options of `zswapd serve`, which are also the keys of its configuration file. */
import { SHRINKER_POLICIES, type ShrinkerPolicy } from '../../memcg/shrinker-policy.ts';
import type { ListOption, SwitchOption, ValueOption } from './args.ts';
import { parseExport, type ExportConfig } from './export-spec.ts';
import {
  parseCompressor,
  parseHostPort,
  parsePath,
  parsePercent,
  parseShards,
  parseShrinkerPolicy,
  parseSize,
  parseSocketPath,
  parseSwitch,
  parseZpool,
  ZPOOLS,
} from './values.ts';
import type { HostPort, ZpoolName } from './values.ts';

/**
 * The compressor in force where none is given: compresses real pages at a cost that stays below the
 * network round trip of a swap request, and decompresses fastest of all.
 */
export const DEFAULT_COMPRESSOR = 'lz4';

/** Ports: 10809 is NBD's (IANA); 9809 is free there and easy to keep beside it. */
export const DEFAULT_LISTEN = '127.0.0.1:10809';
export const DEFAULT_HTTP = '127.0.0.1:9809';
export const DEFAULT_EXPORT = 'swap:1G';
export const DEFAULT_SPILL = './zswapd.swap';
/** As in the kernel. */
export const DEFAULT_MAX_POOL_PERCENT = 20;
export const DEFAULT_ACCEPT_THRESHOLD_PERCENT = 90;
export const DEFAULT_SHRINKER_POLICY: ShrinkerPolicy = 'second_chance';
export const DEFAULT_ZPOOL = 'zsmalloc';

/** A type, not an interface: only types fit where any table of options is taken. */
export type ServeOptionTable = {
  readonly unix: ListOption<string>;
  readonly listen: ListOption<HostPort>;
  readonly export: ListOption<ExportConfig>;
  readonly 'pool-size': ValueOption<number>;
  readonly 'max-pool-percent': ValueOption<number>;
  readonly 'accept-threshold-percent': ValueOption<number>;
  readonly 'shrinker-enabled': ValueOption<boolean>;
  readonly 'shrinker-policy': ValueOption<ShrinkerPolicy>;
  readonly compressor: ValueOption<string>;
  readonly spill: ValueOption<string>;
  readonly 'no-spill': SwitchOption;
  readonly http: ValueOption<HostPort>;
  readonly 'no-http': SwitchOption;
  readonly control: ValueOption<string>;
  readonly enabled: ValueOption<boolean>;
  readonly zpool: ValueOption<ZpoolName>;
  readonly shards: ValueOption<number>;
  readonly record: ValueOption<string>;
  readonly reset: SwitchOption;
  readonly config: ValueOption<string>;
  readonly 'check-config': SwitchOption;
};

/** In the order of the help text. */
export const SERVE_OPTIONS: ServeOptionTable = {
  unix: {
    kind: 'list',
    value: 'PATH',
    parse: parseSocketPath,
    help: 'listen on a Unix socket',
  },
  listen: {
    kind: 'list',
    value: 'HOST:PORT',
    parse: parseHostPort,
    preset: `${DEFAULT_LISTEN} where no --unix is given`,
    help: 'listen on TCP; port 0 picks one and prints it',
  },
  export: {
    kind: 'list',
    value: 'NAME:SIZE[,KEY=VALUE…]',
    parse: parseExport,
    preset: DEFAULT_EXPORT,
    help:
      'an export of SIZE bytes; keys: zswap.max=BYTES, zswap.writeback=0|1, ' +
      'compressor=NAME[:LEVEL]',
  },
  'pool-size': {
    kind: 'value',
    value: 'SIZE',
    parse: parseSize,
    excludes: 'max-pool-percent',
    help: 'limit of the compressed pool for all exports together',
  },
  'max-pool-percent': {
    kind: 'value',
    value: 'N',
    parse: parsePercent,
    excludes: 'pool-size',
    preset: String(DEFAULT_MAX_POOL_PERCENT),
    help: "the same limit in percent of the machine's memory",
  },
  'accept-threshold-percent': {
    kind: 'value',
    value: 'N',
    parse: parsePercent,
    preset: String(DEFAULT_ACCEPT_THRESHOLD_PERCENT),
    help: 'a full pool takes pages again below this share of its limit',
  },
  'shrinker-enabled': {
    kind: 'value',
    value: '0|1',
    parse: parseSwitch,
    preset: '0',
    help: 'write cold pages back under memory pressure, before the pool is full',
  },
  'shrinker-policy': {
    kind: 'value',
    value: 'NAME',
    parse: parseShrinkerPolicy,
    preset: DEFAULT_SHRINKER_POLICY,
    help: `which pages are warm: ${SHRINKER_POLICIES.join(', ')}`,
  },
  compressor: {
    kind: 'value',
    value: 'NAME[:LEVEL]',
    parse: parseCompressor,
    preset: DEFAULT_COMPRESSOR,
    help: "how pages are compressed; 'zswapd compressors' lists them",
  },
  spill: {
    kind: 'value',
    value: 'PATH',
    parse: parsePath,
    excludes: 'no-spill',
    preset: DEFAULT_SPILL,
    help: 'backing swap device: a file (created sparse, mode 0600) or a block device',
  },
  'no-spill': {
    kind: 'switch',
    excludes: 'spill',
    help: 'no backing swap device: a full pool answers ENOSPC',
  },
  http: {
    kind: 'value',
    value: 'HOST:PORT',
    parse: parseHostPort,
    excludes: 'no-http',
    preset: DEFAULT_HTTP,
    help: 'serve /metrics, /healthz, /readyz, /api/stats and the dashboard',
  },
  'no-http': { kind: 'switch', excludes: 'http', help: 'no HTTP server' },
  control: {
    kind: 'value',
    value: 'PATH',
    parse: parseSocketPath,
    preset: 'zswapd.sock in the run-time or working folder',
    help: "control socket, mode 0600, for 'zswapd top', 'stat', 'set' and others",
  },
  enabled: {
    kind: 'value',
    value: '0|1',
    parse: parseSwitch,
    preset: '1',
    help: '0: new pages go straight to the device; what is stored stays readable',
  },
  zpool: {
    kind: 'value',
    value: 'NAME',
    parse: parseZpool,
    preset: DEFAULT_ZPOOL,
    help: `allocator for compressed pages: ${ZPOOLS.join(', ')}`,
  },
  shards: {
    kind: 'value',
    value: 'N',
    parse: parseShards,
    preset: '1',
    help: 'threads that exports are spread over, under one limit; each spills to a file of its own',
  },
  record: {
    kind: 'value',
    value: 'FILE',
    parse: parsePath,
    help: "record every request and how well its pages compress, for 'zswapd replay'",
  },
  reset: {
    kind: 'switch',
    help: 'start although the spill file was not closed cleanly; its contents are gone',
  },
  config: {
    kind: 'value',
    value: 'FILE',
    parse: parsePath,
    help: 'TOML file with the same names; options given here win',
  },
  'check-config': {
    kind: 'switch',
    help: 'only check the options and the file, and print what would be in force',
  },
};
