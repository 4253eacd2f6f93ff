/**
 * The contents of a simulated machine's pages: which version each is in, and to how many bytes
 * that compresses. A size comes from the trace where it knows it, else from the page's rank in a
 * profile.
 */
import { PAGE_SIZE } from '../../std/units.ts';
import { rankOf, sizeAt, type SizeCurve } from './profile.ts';

export interface PageSizes {
  readonly seed: number;
  readonly zeroShare: number;
  /** Sizes under the compressor of this run. */
  readonly curve: SizeCurve;
  /** Sizes under the compressor of the recording, where that is another one. */
  readonly recordedCurve: SizeCurve | undefined;
}

const U32 = 0x1_0000_0000;
const UNKNOWN = -1;

export class SimulatedPages {
  readonly #sizes: PageSizes;
  readonly #versions: Uint32Array;
  /** Of the last version; {@link UNKNOWN} before the first. */
  readonly #bytes: Int16Array;

  constructor(objectCount: number, sizes: PageSizes) {
    this.#sizes = sizes;
    this.#versions = new Uint32Array(objectCount);
    this.#bytes = new Int16Array(objectCount).fill(UNKNOWN);
  }

  version(object: number): number {
    return this.#versions[object] ?? 0;
  }

  /** Bytes that the page's contents compress to; 0: they are zeros. */
  bytes(object: number): number {
    const known = this.#bytes[object] ?? UNKNOWN;
    return known === UNKNOWN ? this.#draw(object) : known;
  }

  /** The page has been written. */
  write(object: number, recordedBytes: number): void {
    this.#versions[object] = (this.#versions[object] ?? 0) + 1;
    if (recordedBytes >= 0) this.#bytes[object] = this.#translate(recordedBytes);
    else if (this.#bytes[object] === UNKNOWN) this.#bytes[object] = this.#draw(object);
  }

  /** The same page under this run's compressor. */
  #translate(recordedBytes: number): number {
    const { recordedCurve, curve } = this.#sizes;
    if (recordedCurve === undefined || recordedBytes === 0 || recordedBytes >= PAGE_SIZE) {
      return recordedBytes;
    }
    return sizeAt(curve, rankOf(recordedCurve, recordedBytes));
  }

  #draw(object: number): number {
    const { seed, zeroShare, curve } = this.#sizes;
    if (hash(object, seed) / U32 < zeroShare) return 0;
    return sizeAt(curve, hash(object, ~seed) / U32);
  }
}

/** Two rounds of multiply and shift: neighbours get unrelated numbers. */
function hash(object: number, seed: number): number {
  let word = Math.imul(object ^ seed, 0x9e37_79b1) ^ Math.imul(seed, 0x85eb_ca77);
  word = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2_ae35);
  return (word ^ (word >>> 16)) >>> 0;
}
