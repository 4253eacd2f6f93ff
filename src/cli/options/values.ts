/**
 * Values on the command line, in the configuration file and in `zswapd set`: text to value and
 * back. A parser throws RangeError with what is wrong and what is taken, without the option's
 * name, which the caller puts in front.
 */
import { SHRINKER_POLICIES, type ShrinkerPolicy } from '../../memcg/shrinker-policy.ts';
import { parseSize } from '../../std/size.ts';

export { formatSize, parseSize } from '../../std/size.ts';

/** A whole percentage, 0..100, as the kernel's parameters take it. */
export function parsePercent(text: string): number {
  const value = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 100)) {
    throw new RangeError(`'${text}' is not a percentage; it takes a whole number from 0 to 100`);
  }
  return value;
}

/** Threads that a machine may be asked for: more than there are cores gain nothing. */
const SHARDS_MAX = 64;

/** A number of shards. */
export function parseShards(text: string): number {
  const value = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > SHARDS_MAX) {
    throw new RangeError(`'${text}' is not a number of shards; it takes 1 to ${SHARDS_MAX}`);
  }
  return value;
}

/** A switch: `0` or `1`; the kernel's `N`/`Y` are taken too. */
export function parseSwitch(text: string): boolean {
  if (/^(1|y|yes|on|true)$/i.test(text)) return true;
  if (/^(0|n|no|off|false)$/i.test(text)) return false;
  throw new RangeError(`'${text}' is not a switch; it takes 0 or 1`);
}

/** Where to listen on TCP. */
export interface HostPort {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  /** 0..65535; 0 lets the system choose. */
  readonly port: number;
}

/** `HOST:PORT`; an IPv6 address stands in brackets. */
export function parseHostPort(text: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? Number.NaN);
  if (match === null || !(port <= 65535)) {
    throw new RangeError(
      `'${text}' is not HOST:PORT; it takes for example 127.0.0.1:10809 or [::1]:10809`,
    );
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

/** The text of an address, as {@link parseHostPort} takes it and as URIs have it. */
export function formatHostPort(address: HostPort): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** A path that is not empty. */
export function parsePath(text: string): string {
  if (text === '' || text.includes('\0')) throw new RangeError(`'${text}' is not a path`);
  return text;
}

/** Longest path of a Unix socket in Linux: `sun_path` of unix(7) less its final zero byte. */
const SOCKET_PATH_BYTES_MAX = 107;

/** A path that a Unix socket can have. A longer one would be cut off silently by the system. */
export function parseSocketPath(text: string): string {
  const path = parsePath(text);
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) {
    throw new RangeError(
      `'${text}' is longer than the ${SOCKET_PATH_BYTES_MAX} bytes a socket path may have`,
    );
  }
  return path;
}

/** `NAME` or `NAME:LEVEL`, as text in its normal form; whether it exists the registry knows. */
export function parseCompressor(text: string): string {
  const match = /^([a-z][a-z0-9-]*)(?::(-?\d{1,3}))?$/.exec(text);
  if (match === null) {
    throw new RangeError(
      `'${text}' is not a compressor; it takes NAME or NAME:LEVEL, ` +
        "and 'zswapd compressors' lists them",
    );
  }
  return text;
}

/** What the dynamic shrinker takes for warm. */
export function parseShrinkerPolicy(text: string): ShrinkerPolicy {
  const policy = SHRINKER_POLICIES.find((candidate) => candidate === text);
  if (policy !== undefined) return policy;
  throw new RangeError(`'${text}' is not a policy; it takes ${SHRINKER_POLICIES.join(', ')}`);
}

export const ZPOOLS = ['zsmalloc', 'zbud', 'z3fold'] as const;

/** An allocator for compressed pages, by its kernel name. */
export type ZpoolName = (typeof ZPOOLS)[number];

export function parseZpool(text: string): ZpoolName {
  const name = ZPOOLS.find((known) => known === text);
  if (name === undefined) {
    throw new RangeError(`'${text}' is not an allocator; it takes ${ZPOOLS.join(', ')}`);
  }
  return name;
}

/** The compressed bytes a tenant may hold; `max` is no limit, as in the cgroup file. */
export function parseZswapMax(text: string): number | 'max' {
  return text === 'max' ? 'max' : parseSize(text);
}
