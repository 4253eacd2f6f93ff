/**
 * Pages for tests that must look like memory: the real ones beside the project where they are, and
 * otherwise generated ones of the same kinds and shares.
 */
import { existsSync, readFileSync } from 'node:fs';
import { sharedFile } from './project.ts';

const PAGE_BYTES = 4096;

/** A small deterministic generator (xorshift32) for test data. */
export class TestRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2654435761 + 1) >>> 0 || 1;
  }

  /** The next unsigned 32-bit integer. */
  nextU32(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** An integer from 0 up to and without `limit`. */
  below(limit: number): number {
    return this.nextU32() % limit;
  }
}

function fillTextPage(page: Uint8Array, random: TestRandom): void {
  const words = ['anon', 'folio', 'slab', 'inode', '0x7f', '{"id":', 'null', ' ', '\n', 'pte'];
  let end = 0;
  while (end < page.length) {
    const word = `${words[random.below(words.length)] ?? ''}${random.below(500)}`;
    for (let i = 0; i < word.length && end < page.length; i++) page[end++] = word.charCodeAt(i);
  }
}

function fillPointerPage(page: Uint8Array, random: TestRandom): void {
  const words = new Uint32Array(page.buffer, page.byteOffset, page.length / 4);
  for (let i = 0; i + 1 < words.length; i += 2) {
    words[i] = 0x55d0_0000 + random.below(1 << 20) * 16;
    words[i + 1] = random.below(4) === 0 ? 0 : 0x7fff;
  }
}

function fillNoisePage(page: Uint8Array, random: TestRandom): void {
  const words = new Uint32Array(page.buffer, page.byteOffset, page.length / 4);
  for (let i = 0; i < words.length; i++) words[i] = random.nextU32();
}

/** Generates `count` pages: 2% zero, 2% of one word, the rest text, pointers and 5% noise. */
export function generatePages(count: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(count * PAGE_BYTES);
  const random = new TestRandom(seed);
  for (let i = 0; i < count; i++) {
    const page = bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
    const kind = random.below(100);
    if (kind < 2) continue;
    if (kind < 4) page.fill(1 + random.below(255));
    else if (kind < 50) fillTextPage(page, random);
    else if (kind < 95) fillPointerPage(page, random);
    else fillNoisePage(page, random);
  }
  return bytes;
}

/** Incompressible pages, for filling a pool that must overflow. */
export function generateNoise(count: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(count * PAGE_BYTES);
  fillNoisePage(bytes, new TestRandom(seed));
  return bytes;
}

/** Real pages where the data folder is there, else generated ones; `source` says which. */
export function samplePages(): { readonly bytes: Uint8Array; readonly source: string } {
  const file = sharedFile('pages/sample-pages.bin');
  if (existsSync(file)) return { bytes: readFileSync(file), source: 'real pages' };
  return { bytes: generatePages(2048), source: 'generated pages' };
}
