/**
 * How well pages compress: a distribution of compressed sizes for each compressor, by rank. A page
 * has a rank of its own from 0 to 1, the same under every compressor, since what one compresses
 * well the others do too; its size is what the compressor's distribution has at that rank.
 */
import { PAGE_SIZE } from '../../std/units.ts';
import { INCOMPRESSIBLE, type Codec } from '../../codec/codec.ts';
import { isZeroFilled } from '../../page/page.ts';
import type { CodecCost } from './sized-page.ts';
import { BUILT_IN_SIZES, CODEC_COSTS, ZERO_SHARE } from './profile-table.ts';

/** Compressed sizes of pages that are not zeros, at ranks from 0 to 1 in equal steps. */
export type SizeCurve = ArrayLike<number>;

export interface PageProfile {
  /** Where it comes from, for reports. */
  readonly name: string;
  /** Share of pages that are all zeros. */
  readonly zeroShare: number;
  /** By compressor, as it was named. */
  readonly curves: ReadonlyMap<string, SizeCurve>;
}

/** The size at a rank, between the two points around it. */
export function sizeAt(curve: SizeCurve, rank: number): number {
  const place = Math.min(1, Math.max(0, rank)) * (curve.length - 1);
  const low = Math.floor(place);
  const below = curve[low] ?? PAGE_SIZE;
  const above = curve[Math.min(low + 1, curve.length - 1)] ?? below;
  return Math.round(below + (above - below) * (place - low));
}

/** The rank of a size: where the curve reaches it. Inverse of {@link sizeAt}. */
export function rankOf(curve: SizeCurve, size: number): number {
  let low = 0;
  let high = curve.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((curve[middle] ?? 0) < size) low = middle + 1;
    else high = middle;
  }
  const above = curve[low] ?? 0;
  const below = curve[Math.max(0, low - 1)] ?? 0;
  const within = above > below ? (size - below) / (above - below) : 1;
  const place = low === 0 ? 0 : low - 1 + Math.min(1, Math.max(0, within));
  return place / Math.max(1, curve.length - 1);
}

/** Pages of real processes: compilers, language runtimes, databases. */
export function builtInProfile(compressors: readonly string[]): PageProfile {
  return {
    name: 'built in',
    zeroShare: ZERO_SHARE,
    curves: new Map(compressors.map((spec) => [spec, builtInCurve(spec)])),
  };
}

/** The nearest there is: the level itself, else the compressor's default. */
function builtInCurve(spec: string): SizeCurve {
  const [name = ''] = spec.split(':', 1);
  return BUILT_IN_SIZES[spec] ?? BUILT_IN_SIZES[name] ?? [PAGE_SIZE, PAGE_SIZE];
}

/** What a compressor costs on the machine the table was taken on. */
export function codecCost(spec: string): CodecCost {
  const [name = ''] = spec.split(':', 1);
  return CODEC_COSTS[spec] ?? CODEC_COSTS[name] ?? { compressUs: 1, decompressUs: 0.5 };
}

/**
 * Measures pages.
 *
 * @param pages - whole pages, one after the other; what is left at the end is not looked at
 */
export function measureProfile(
  name: string,
  pages: Uint8Array,
  codecs: readonly Codec[],
): PageProfile {
  const count = Math.floor(pages.length / PAGE_SIZE);
  if (count === 0) throw new RangeError('there is not one whole page of 4096 bytes');
  const page = new Uint8Array(PAGE_SIZE);
  const lanes = codecs.map((codec) => codec.createLane());
  const sizes = codecs.map((): number[] => []);
  let zeros = 0;
  for (let at = 0; at < count; at += 1) {
    page.set(pages.subarray(at * PAGE_SIZE, (at + 1) * PAGE_SIZE));
    if (isZeroFilled(page)) {
      zeros += 1;
      continue;
    }
    for (const [index, lane] of lanes.entries()) {
      const length = lane.compress(page);
      sizes[index]?.push(length <= INCOMPRESSIBLE ? PAGE_SIZE : length);
    }
  }
  const curves = new Map(
    codecs.map(({ spec }, index) => [spec, curveOf(sizes[index] ?? [])] as const),
  );
  return { name, zeroShare: zeros / count, curves };
}

/** A distribution of sizes as a curve. */
export function curveOf(sizes: readonly number[]): SizeCurve {
  return sizes.length === 0 ? [PAGE_SIZE, PAGE_SIZE] : sizes.toSorted((a, b) => a - b);
}
