/** The pages that benchmarks move, and where they come from. */
import { samplePages } from '../test/support/sample-pages.ts';
import { PAGE_SIZE } from '../src/std/units.ts';

/** Pages one behind the other, and a sentence that says what they are. */
export interface PageSet {
  readonly bytes: Uint8Array;
  readonly note: string;
}

/** All pages of the sample, zero-filled and same-filled ones too. */
export function allPages(): PageSet {
  const { bytes, source } = samplePages();
  return { bytes, note: `pages: ${bytes.length / PAGE_SIZE} ${source}` };
}

/**
 * The pages that a compressor sees: without those that zswap or zram recognizes as filled with one
 * word, and a multiple of 32 of them.
 */
export function compressorPages(): PageSet {
  const { bytes, source } = samplePages();
  const kept: Uint8Array[] = [];
  for (let at = 0; at + PAGE_SIZE <= bytes.length; at += PAGE_SIZE) {
    const page = bytes.subarray(at, at + PAGE_SIZE);
    if (!isSameFilled(page)) kept.push(page);
  }
  kept.length -= kept.length % 32;
  return {
    bytes: Buffer.concat(kept),
    note: `pages: ${kept.length} ${source}, without those filled with one word`,
  };
}

function isSameFilled(page: Uint8Array): boolean {
  for (let i = 8; i < PAGE_SIZE; i += 1) if (page[i] !== page[i - 8]) return false;
  return true;
}
