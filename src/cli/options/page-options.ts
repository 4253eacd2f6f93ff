/** The options that say which pages to look at, of every command that does. */
import { totalmem } from 'node:os';
import { parseCompressor as parseCompressorSpec } from '../../codec/registry.ts';
import { describeCompressors } from '../../codec/registry.ts';
import { FILE_FORMATS, type FileFormat, openPaths } from '../../estimate/source/open.ts';
import type { PageSource } from '../../estimate/source/page-source.ts';
import { openProcess } from '../../estimate/source/process.ts';
import { ZswapError } from '../../std/error.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { type ListOption, type PositionalSpec, UsageError, type ValueOption } from './args.ts';
import { DEFAULT_MAX_POOL_PERCENT } from './serve-options.ts';
import { parseSize } from './values.ts';

/** What is looked at where `--compressor` is not given: each compressor's levels that differ. */
export const DEFAULT_COMPRESSORS: readonly string[] = [
  'lz4',
  'lzo',
  'lzo-rle',
  'zstd:-3',
  'zstd:-1',
  'zstd:1',
  'zstd',
  'deflate',
];

/** Pages in a sample where `--sample` is not given. */
export const DEFAULT_SAMPLE_PAGES = 16_384;

/** The largest process number of Linux on 64 bits (`PID_MAX_LIMIT`). */
const PID_MAX = 4_194_304;
/** Pages that a sample may have at most: they are held in memory, 4 GiB of it. */
const SAMPLE_PAGES_MAX = 1 << 20;

/** A type, not an interface: only types fit where any table of options is taken. */
export type PageOptionTable = {
  readonly pid: ValueOption<number>;
  readonly format: ValueOption<FileFormat>;
  readonly compressor: ListOption<readonly string[]>;
  readonly sample: ValueOption<number>;
  readonly seed: ValueOption<number>;
};

export const PAGE_OPTIONS: PageOptionTable = {
  pid: {
    kind: 'value',
    value: 'PID',
    parse: (text): number => parseWhole(text, 1, PID_MAX, 'a process number'),
    help: 'look at the anonymous and shared memory of a running process',
  },
  format: {
    kind: 'value',
    value: 'FORMAT',
    parse: parseFormat,
    preset: 'auto',
    help: 'how files are taken: pages (as they are), core (an ELF core dump), or auto',
  },
  compressor: {
    kind: 'list',
    value: 'NAME[:LEVEL],…',
    parse: parseCompressors,
    preset: DEFAULT_COMPRESSORS.join(','),
    help: "compressors to try; 'all': every one at every level",
  },
  sample: {
    kind: 'value',
    value: 'PAGES',
    parse: (text): number => parseWhole(text, 1, SAMPLE_PAGES_MAX, 'a number of pages'),
    preset: `${DEFAULT_SAMPLE_PAGES}, fewer for slow compressors`,
    help: 'pages to look at, in runs of 16',
  },
  seed: {
    kind: 'value',
    value: 'NUMBER',
    parse: (text): number => parseWhole(text, 0, 2 ** 32 - 1, 'a seed'),
    preset: 'the sample is spread evenly',
    help: 'draw the sample at random, repeatably',
  },
};

export const PAGE_POSITIONAL: PositionalSpec = {
  text: '[FILE…]',
  count: 0,
  countMax: Infinity,
};

/** What those options say. */
interface PageChoice {
  readonly pid?: number;
  readonly format?: FileFormat;
  readonly compressor?: readonly (readonly string[])[];
}

/** Opens the pages that were asked for. */
export function openPages(choice: PageChoice, paths: readonly string[]): PageSource {
  if (choice.pid !== undefined) {
    if (paths.length > 0) throw new UsageError('--pid: cannot be given together with files');
    return openProcess(choice.pid);
  }
  if (paths.length === 0) throw new UsageError('missing argument; it takes --pid PID or FILE…');
  return openPaths(paths, choice.format ?? 'auto');
}

/** The compressors that were asked for, each once. */
export function chosenCompressors(choice: PageChoice): readonly string[] {
  return [...new Set(choice.compressor?.flat() ?? DEFAULT_COMPRESSORS)];
}

/** The pool that `serve` has where none is given, in bytes, and the words for it. */
export function defaultPool(): { readonly bytes: number; readonly origin: string } {
  const bytes = Math.floor((totalmem() * DEFAULT_MAX_POOL_PERCENT) / 100 / PAGE_SIZE) * PAGE_SIZE;
  return { bytes, origin: `${DEFAULT_MAX_POOL_PERCENT} % of RAM, as serve has it` };
}

/** A size that a pool can have. */
export function parsePoolSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes < PAGE_SIZE) throw new RangeError(`'${text}' is less than a page (4096 bytes)`);
  return bytes;
}

function parseFormat(text: string): FileFormat {
  const format = FILE_FORMATS.find((known) => known === text);
  if (format !== undefined) return format;
  throw new RangeError(`'${text}' is not a format; it takes ${FILE_FORMATS.join(', ')}`);
}

function parseCompressors(text: string): readonly string[] {
  if (text === 'all') return allCompressors();
  const names = text.split(',');
  for (const name of names) {
    try {
      parseCompressorSpec(name);
    } catch (error) {
      if (error instanceof ZswapError) throw new RangeError(error.message, { cause: error });
      throw error;
    }
  }
  return names;
}

/** Every compressor at every level, but for the one that does nothing. */
function allCompressors(): readonly string[] {
  return describeCompressors().flatMap(({ name, levels }) => {
    if (name === 'null') return [];
    if (levels === undefined) return [name];
    const all: string[] = [];
    for (let level = levels.min; level <= levels.max; level++) {
      if (level !== 0) all.push(level === levels.default ? name : `${name}:${level}`);
    }
    return all;
  });
}

/** A whole number of `least .. most`. */
export function parseWhole(text: string, least: number, most: number, what: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new RangeError(`'${text}' is not ${what}; it takes a whole number, ${least} to ${most}`);
}
