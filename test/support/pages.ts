/**
 * Pages of the kinds that memory is made of, generated from a seed: the same kind and seed give the
 * same bytes on every machine, so a failing test can be named by them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { present } from '../../src/std/assert.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';

/** Kinds of generated pages; `repeats` has matches of every distance and length. */
export const PAGE_KINDS = [
  'zero',
  'same-filled',
  'random',
  'half-random',
  'mostly-random',
  'text',
  'pointers',
  'ints',
  'floats',
  'sparse',
  'repeats',
] as const;

export type PageKind = (typeof PAGE_KINDS)[number];

/** A generated page and what it was generated from. */
export interface GeneratedPage {
  readonly kind: PageKind;
  readonly seed: number;
  readonly bytes: Uint8Array;
}

/** A small seeded source of numbers (Marsaglia's xorshift32), for test data only. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
    for (let round = 0; round < 8; round++) this.u32();
  }

  /** An integer in `[0, 2^32)`. */
  u32(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** An integer in `[0, bound)`. */
  below(bound: number): number {
    return this.u32() % bound;
  }

  /** One of `choices`. */
  pick<T>(choices: readonly T[]): T {
    return present(choices[this.below(choices.length)]);
  }

  /** Fills `bytes` with noise. */
  fill(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at++) bytes[at] = this.u32() >>> 24;
  }
}

const WORDS = (
  'page swap slot folio cluster entry store load writeback shrink cold hot device memory zone ' +
  'node limit pool handle object class chain free used the of and to in a is that for it with ' +
  'as was'
).split(' ');

function fillText(bytes: Uint8Array, random: Random): void {
  let at = 0;
  while (at < bytes.length) {
    const plain = random.pick(WORDS);
    const word = random.below(9) === 0 ? `${plain}_${random.below(1000)};\n` : `${plain} `;
    for (let index = 0; index < word.length && at < bytes.length; index++) {
      bytes[at++] = word.charCodeAt(index);
    }
  }
}

function fillPointers(view: DataView, random: Random): void {
  const heap = 0x7f0000000000n + BigInt(random.u32());
  for (let at = 0; at < view.byteLength; at += 8) {
    const isNull = random.below(4) === 0;
    view.setBigUint64(at, isNull ? 0n : heap + BigInt(random.below(1 << 20) * 16), true);
  }
}

function fillInts(view: DataView, random: Random): void {
  let value = random.below(1000);
  for (let at = 0; at < view.byteLength; at += 4) {
    value += random.below(8);
    view.setUint32(at, value, true);
  }
}

function fillFloats(view: DataView, random: Random): void {
  for (let at = 0; at < view.byteLength; at += 8) {
    view.setFloat64(at, random.below(2000) / 16, true);
  }
}

/** Short records in zeros, with gaps from a few bytes to most of the page. */
function fillSparse(bytes: Uint8Array, random: Random): void {
  let at = random.below(64);
  while (at < bytes.length) {
    const end = Math.min(bytes.length, at + 1 + random.below(24));
    random.fill(bytes.subarray(at, end));
    at = end + random.pick([3, 8, 20, 40, 90, 300, 700, 2100, 2500]) + random.below(16);
  }
}

/** Noise and copies from before it, in lengths and distances around every limit of a format. */
function fillRepeats(bytes: Uint8Array, random: Random): void {
  let at = 0;
  const noise = (length: number): void => {
    const end = Math.min(bytes.length, at + length);
    random.fill(bytes.subarray(at, end));
    at = end;
  };
  noise(1 + random.below(40));
  while (at < bytes.length) {
    const near = random.below(2) === 0;
    const distance = 1 + random.below(near ? Math.min(at, 40) : at);
    const length = 4 + random.below(random.pick([4, 16, 40, 300, 700]));
    const end = Math.min(bytes.length, at + length);
    for (; at < end; at++) bytes[at] = present(bytes[at - distance]);
    noise(random.below(random.pick([1, 4, 20, 300])));
  }
}

/** The page of a kind and seed. */
export function generatePage(kind: PageKind, seed: number): GeneratedPage {
  const bytes = new Uint8Array(PAGE_SIZE);
  const view = new DataView(bytes.buffer);
  const random = new Random(seed * PAGE_KINDS.length + PAGE_KINDS.indexOf(kind));
  switch (kind) {
    case 'zero':
      break;
    case 'same-filled': {
      const word = (BigInt(random.u32()) << 32n) | BigInt(random.u32() | 1);
      for (let at = 0; at < PAGE_SIZE; at += 8) view.setBigUint64(at, word, true);
      break;
    }
    case 'random':
      random.fill(bytes);
      break;
    case 'half-random':
      random.fill(bytes.subarray(0, PAGE_SIZE / 2));
      break;
    case 'mostly-random':
      random.fill(bytes.subarray(0, PAGE_SIZE - 64));
      break;
    case 'text':
      fillText(bytes, random);
      break;
    case 'pointers':
      fillPointers(view, random);
      break;
    case 'ints':
      fillInts(view, random);
      break;
    case 'floats':
      fillFloats(view, random);
      break;
    case 'sparse':
      fillSparse(bytes, random);
      break;
    case 'repeats':
      fillRepeats(bytes, random);
      break;
  }
  return { kind, seed, bytes };
}

/** `perKind` pages of every kind, of seeds `0..perKind - 1`. */
export function generatePages(perKind: number): GeneratedPage[] {
  return PAGE_KINDS.flatMap((kind) =>
    Array.from({ length: perKind }, (_, seed) => generatePage(kind, seed)),
  );
}

/** Bytes of `count` pages of every kind, other ones for each `seed`. */
export function pagesFrom(seed: number, count: number): Uint8Array[] {
  return PAGE_KINDS.flatMap((kind) =>
    Array.from({ length: count }, (_, index) => generatePage(kind, seed * 1000 + index).bytes),
  );
}

const SHARED_PAGES = new URL('../../../../shared/pages/sample-pages.bin', import.meta.url);

/**
 * Real pages from beside the project, or undefined where they are not; a test must then say
 * {@link SHARED_PAGES_MISSING}.
 */
export function sharedPages(): Uint8Array[] | undefined {
  if (!existsSync(SHARED_PAGES)) return undefined;
  const bytes = readFileSync(SHARED_PAGES);
  const count = bytes.length / PAGE_SIZE;
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE),
  );
}

/** Every `step`th of them, each with memory of its own; none where they are not. */
export function sharedPagesEvery(step: number): Uint8Array[] {
  const pages = (sharedPages() ?? []).filter((_, index) => index % step === 0);
  return pages.map((page) => new Uint8Array(page));
}

/** Why a test of real pages does not run. */
export const SHARED_PAGES_MISSING = 'skipped: needs ../shared/pages/sample-pages.bin';
