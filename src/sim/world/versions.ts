/** Pages that say which version they are, so that a read can be told from what it should not be. */
import { Prng } from '../../std/prng.ts';
import { PAGE_SIZE } from '../../std/units.ts';

const made = new Map<number, Uint8Array>();
/** Versions whose pages are kept, so that none is made twice in one run. */
const MADE_MAX = 64;

/**
 * The page of a version: zeros for 0; its number at both ends; in between its number again, or, for
 * every third version, what no compressor makes smaller. Do not change it.
 */
export function pageOf(version: number): Uint8Array {
  let page = made.get(version);
  if (page !== undefined) return page;
  page = new Uint8Array(PAGE_SIZE);
  if (version !== 0) {
    const words = new Uint32Array(page.buffer);
    if (version % 3 === 0) {
      const prng = new Prng(version);
      for (let i = 0; i < words.length; i += 1) words[i] = prng.u32();
    } else words.fill(version);
    words[0] = version;
    words[words.length - 1] = version;
  }
  if (made.size >= MADE_MAX) made.clear();
  made.set(version, page);
  return page;
}

/** The version of a page; undefined if it is no version's page, whole. */
export function versionOf(page: Uint8Array): number | undefined {
  const version = new DataView(page.buffer, page.byteOffset).getUint32(0, true);
  const expected = pageOf(version);
  for (let i = 0; i < PAGE_SIZE; i += 1) if (page[i] !== expected[i]) return undefined;
  return version;
}
