/** Every format that is read, in the order in which a trace is compared with them. */
import { ZswapError } from '../../std/error.ts';
import type { TraceFormat, TraceHead } from '../format.ts';
import { arc } from './block/arc.ts';
import { blkparse } from './block/blkparse.ts';
import { fio } from './block/fio.ts';
import { RANGE_FORMATS } from './block/ranges.ts';
import { cloudphysics, vscsi } from './block/vscsi.ts';
import { csv } from './cache/csv.ts';
import { cachelib, twitter } from './cache/key-value.ts';
import { lcs } from './cache/lcs.ts';
import { oracleGeneral } from './cache/oracle-general.ts';
import { plain } from './cache/plain.ts';
import { damon } from './memory/damon.ts';
import { lackey } from './memory/lackey.ts';
import { perf } from './memory/perf.ts';
import { zramBlockState } from './memory/zram-block-state.ts';
import { zswapd } from './zswapd.ts';

/** Those that say what they are come before those that have to be guessed. */
export const TRACE_FORMATS: readonly TraceFormat[] = [
  zswapd,
  lcs,
  fio,
  cachelib,
  ...RANGE_FORMATS,
  twitter,
  blkparse,
  damon,
  perf,
  zramBlockState,
  lackey,
  arc,
  csv,
  plain,
  vscsi,
  oracleGeneral,
  cloudphysics,
];

/** Other names that formats go by. */
const ALIASES: Readonly<Record<string, string>> = {
  txt: 'plain',
  lirs: 'plain',
  page: 'plain',
  address: 'lackey',
  oraclegeneral: 'oracleGeneral',
  'oracle-general': 'oracleGeneral',
  oraclegeneralbin: 'oracleGeneral',
  kvcache: 'cachelib',
  umass: 'spc',
  snia: 'msr',
  systor: 'systor17',
  iolog: 'fio',
  blktrace: 'blkparse',
};

/** @throws RangeError that names all formats */
export function formatNamed(name: string): TraceFormat {
  const wanted = ALIASES[name.toLowerCase()] ?? name;
  const found = TRACE_FORMATS.find((format) => format.name.toLowerCase() === wanted.toLowerCase());
  if (found !== undefined) return found;
  throw new RangeError(`'${name}' is not a format; it takes ${formatNames()}`);
}

export function formatNames(): string {
  return TRACE_FORMATS.map((format) => format.name).join(', ');
}

/** The format that a trace's beginning looks like. */
export function recognizeFormat(head: TraceHead): TraceFormat {
  const found = TRACE_FORMATS.find((format) => format.matches(head));
  if (found !== undefined) return found;
  const wanted = `name it with --format: ${formatNames()}`;
  const message =
    head.bytes.length === 0 ? 'it is empty' : `its format is not recognized; ${wanted}`;
  throw new ZswapError('ZSWAP_TRACE', `${head.name}: ${message}`);
}
