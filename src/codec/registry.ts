/**
 * The compressors there are, by the names zswap users know, and how to get one from what was
 * written on a command line or in a configuration: `NAME` or `NAME:LEVEL`.
 *
 * A codec's module is imported when it is first opened, so that starting up does not pay for
 * WebAssembly and packages nobody asked for. What can be said without it stands in the one table.
 */
import { ZswapError } from '../std/error.ts';
import type { Codec } from './codec.ts';
import { DEFLATE_LEVELS, ZSTD_LEVELS, isLevel, levelRangeText } from './levels.ts';
import type { LevelRange } from './levels.ts';

/** Names of the compressors, the cheapest first. */
export const COMPRESSORS = ['lz4', 'lzo', 'lzo-rle', 'zstd', 'deflate', 'null'] as const;

export type CompressorName = (typeof COMPRESSORS)[number];

/** The compressor used where none is named. */
export const DEFAULT_COMPRESSOR: CompressorName = 'lz4';

/** A compressor and, if one was given, its level. */
export interface CompressorSpec {
  readonly name: CompressorName;
  readonly level?: number;
}

/** What there is to say of a compressor to somebody who chooses one. */
export interface CompressorDescription {
  readonly name: CompressorName;
  /** Undefined where the codec has no levels. */
  readonly levels: LevelRange | undefined;
  /** One line on what it is good for. */
  readonly description: string;
  /** Whose code does the work. */
  readonly implementation: string;
}

interface Compressor extends Omit<CompressorDescription, 'name'> {
  /** Imports the module and makes the codec; `level` is one of `levels`, or undefined. */
  open(level: number | undefined): Promise<Codec>;
}

const OWN_KERNEL = 'own kernel (WebAssembly)';

const TABLE: Readonly<Record<CompressorName, Compressor>> = {
  lz4: {
    levels: undefined,
    description: 'fastest both ways; the default',
    implementation: OWN_KERNEL,
    open: async () => (await import('./lz4.ts')).createLz4(),
  },
  lzo: {
    levels: undefined,
    description: "a little denser than lz4, slower out; zswap's own default",
    implementation: OWN_KERNEL,
    open: async () => (await import('./lzo.ts')).createLzo(),
  },
  'lzo-rle': {
    levels: undefined,
    description: "lzo with runs of zeros made short; zram's own default",
    implementation: OWN_KERNEL,
    open: async () => (await import('./lzo-rle.ts')).createLzoRle(),
  },
  zstd: {
    levels: ZSTD_LEVELS,
    description: 'dense; negative levels are faster and less dense',
    implementation: 'own kernel at -1, 1 and 3; else package @foxglove/wasm-zstd',
    open: async (level) => (await import('./zstd.ts')).createZstd(level),
  },
  deflate: {
    levels: DEFLATE_LEVELS,
    description: 'about as dense as zstd and several times slower; for comparison',
    implementation: 'node:zlib',
    open: async (level) => (await import('./deflate.ts')).createDeflate(level),
  },
  null: {
    levels: undefined,
    description: 'compresses nothing: every page is kept as it is',
    implementation: 'none',
    open: async () => (await import('./null.ts')).createNull(),
  },
};

/**
 * Reads `NAME` or `NAME:LEVEL`.
 *
 * @throws ZswapError `ZSWAP_CODEC` that says which part was wrong and what would be right.
 */
export function parseCompressor(spec: string): CompressorSpec {
  const colon = spec.indexOf(':');
  const name = COMPRESSORS.find((known) => known === (colon < 0 ? spec : spec.slice(0, colon)));
  if (name === undefined) {
    throw refusal(`unknown compressor '${spec}': known are ${COMPRESSORS.join(', ')}`);
  }
  if (colon < 0) return { name };
  const text = spec.slice(colon + 1);
  const { levels } = TABLE[name];
  if (levels === undefined) {
    throw refusal(`compressor '${spec}': ${name} has no levels, write '${name}'`);
  }
  const level = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!isLevel(levels, level)) {
    throw refusal(
      `compressor '${spec}': '${text}' is no level of ${name}, which has ${levelRangeText(levels)}`,
    );
  }
  return { name, level };
}

/**
 * Imports and sets up the compressor that `spec` names.
 *
 * @throws ZswapError `ZSWAP_CODEC` as {@link parseCompressor}, or if the codec cannot be set up.
 */
export async function openCodec(spec: string): Promise<Codec> {
  const { name, level } = parseCompressor(spec);
  return TABLE[name].open(level);
}

/** All compressors in the order of {@link COMPRESSORS}. */
export function describeCompressors(): readonly CompressorDescription[] {
  return COMPRESSORS.map((name) => {
    const { levels, description, implementation } = TABLE[name];
    return { name, levels, description, implementation };
  });
}

function refusal(message: string): ZswapError {
  return new ZswapError('ZSWAP_CODEC', message);
}
