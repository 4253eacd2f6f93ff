/** Pages for the tests of codecs: made from a seed, one kind of content each, and real ones. */
import { existsSync, readFileSync } from 'node:fs';
import { PAGE_SIZE } from '../../../src/std/units.ts';

/** Unsigned 32-bit numbers from a seed (a multiply-and-shift mixer over a counter). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

type Fill = (page: DataView, random: () => number) => void;

const WORDS = 'page folio slot entry pool shrink writeback memory group limit swap cache'.split(
  ' ',
);

/** Kinds of content by name. */
export const PAGE_KINDS: Readonly<Record<string, Fill>> = {
  zero: () => undefined,
  'one byte set': (page, random) => page.setUint8(random() % PAGE_SIZE, 1 + (random() % 255)),
  'same word': (page, random) => {
    const word = random();
    for (let at = 0; at < PAGE_SIZE; at += 4) page.setUint32(at, word, true);
  },
  random: (page, random) => {
    for (let at = 0; at < PAGE_SIZE; at += 4) page.setUint32(at, random(), true);
  },
  'half random': (page, random) => {
    for (let at = 0; at < PAGE_SIZE / 2; at += 4) page.setUint32(at, random(), true);
  },
  'mostly random': (page, random) => {
    for (let at = 0; at < PAGE_SIZE - 64; at += 4) page.setUint32(at, random(), true);
  },
  pointers: (page, random) => {
    for (let at = 0; at < PAGE_SIZE; at += 8) {
      page.setUint32(at, 0x1000_0000 + 16 * (random() % 4096), true);
      page.setUint32(at + 4, 0x7f3a, true);
    }
  },
  counters: (page, random) => {
    const first = random() % 100_000;
    for (let at = 0; at < PAGE_SIZE; at += 4) page.setUint32(at, first + at / 4, true);
  },
  text: (page, random) => {
    let text = '';
    while (text.length < PAGE_SIZE) text += `${WORDS[random() % WORDS.length]} ${random() % 100}, `;
    new TextEncoder().encodeInto(text, new Uint8Array(page.buffer));
  },
  'short periods': (page, random) => {
    for (let at = 0; at < PAGE_SIZE;) {
      const period = 1 + (random() % 40);
      const end = Math.min(PAGE_SIZE, at + period * (2 + (random() % 9)));
      const start = at;
      for (; at < end; at++) {
        page.setUint8(at, at < start + period ? random() : page.getUint8(at - period));
      }
    }
  },
};

/** `count` pages of every kind. */
export function generatedPages(seed: number, count: number): Uint8Array[] {
  const random = seededRandom(seed);
  return Object.values(PAGE_KINDS).flatMap((fill) =>
    Array.from({ length: count }, () => {
      const page = new Uint8Array(PAGE_SIZE);
      fill(new DataView(page.buffer), random);
      return page;
    }),
  );
}

const SAMPLE = new URL('../../../../../shared/pages/sample-pages.bin', import.meta.url);

/** Reason to skip a test of {@link samplePages}, or false. */
export const noSamplePages: string | false = existsSync(SAMPLE)
  ? false
  : 'skipped: needs ../shared/pages/sample-pages.bin';

/** Every `step`th page of real processes. */
export function samplePages(step: number): Uint8Array[] {
  const bytes = readFileSync(SAMPLE);
  const pages: Uint8Array[] = [];
  for (let at = 0; at + PAGE_SIZE <= bytes.length; at += PAGE_SIZE * step) {
    pages.push(new Uint8Array(bytes.subarray(at, at + PAGE_SIZE)));
  }
  return pages;
}
