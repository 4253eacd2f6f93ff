/** Pages of tests: what they hold is chosen, so that a test can say what comes of them. */
import { Prng } from '../../src/std/prng.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';

/** A page of one repeated 32-bit word: every compressor makes it small, the word codec too. */
export function wordPage(word: number): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  new Uint32Array(page.buffer).fill(word);
  return page;
}

/** A page that no compressor makes smaller. */
export function randomPage(seed: number): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  const prng = new Prng(seed);
  const words = new Uint32Array(page.buffer);
  for (let i = 0; i < words.length; i += 1) words[i] = prng.u32();
  return page;
}

export function zeroPage(): Uint8Array {
  return new Uint8Array(PAGE_SIZE);
}

/** Pages one after the other, as a request carries them. */
export function joined(...pages: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pages.length * PAGE_SIZE);
  for (const [index, page] of pages.entries()) bytes.set(page, index * PAGE_SIZE);
  return bytes;
}
