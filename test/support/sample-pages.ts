/**
 * Many pages in one buffer, for tests that must look like memory: the real ones beside the project
 * where they are, and otherwise generated ones of the same kinds.
 */
import { PAGE_SIZE } from '../../src/std/units.ts';
import { generatePage, Random, sharedPages, type PageKind } from './pages.ts';

/** What stands where in generated memory, over and over: a zero and a noise page in sixteen. */
const KINDS: readonly PageKind[] = [
  ...(['text', 'pointers', 'ints', 'sparse', 'text', 'pointers', 'repeats', 'zero'] as const),
  ...(['text', 'pointers', 'ints', 'floats', 'text', 'same-filled', 'random', 'sparse'] as const),
];

/** `count` pages of mixed kinds, back to back. */
export function generateMemory(count: number, seed = 1): Uint8Array {
  const memory = new Uint8Array(count * PAGE_SIZE);
  for (let i = 0; i < count; i++) {
    const kind = KINDS[i % KINDS.length] ?? 'zero';
    memory.set(generatePage(kind, seed * count + i).bytes, i * PAGE_SIZE);
  }
  return memory;
}

/** `count` pages that no compressor shrinks, for filling a pool that must overflow. */
export function generateNoise(count: number, seed = 1): Uint8Array {
  const noise = new Uint8Array(count * PAGE_SIZE);
  new Random(seed).fill(noise);
  return noise;
}

/** Real pages where they are there, else generated ones; `source` says which. */
export function samplePages(): { readonly bytes: Uint8Array; readonly source: string } {
  const pages = sharedPages();
  if (pages === undefined) return { bytes: generateMemory(2048), source: 'generated pages' };
  return { bytes: Buffer.concat(pages), source: 'real pages' };
}
