// zstd for one page in and out of fixed places: the blocks of a frame without the frame header.
// Written from RFC 8878.

import { OUT, PAGE, PAGE_BYTES, WINDOW } from '../memory';
import { forgetCode } from './huffman-decoder';
import { readLiterals } from './literals-decoder';
import { resetSequences, runSequences } from './sequences-decoder';

export { OUT, PAGE, WINDOW };

const RAW: u32 = 0;
const RLE: u32 = 1;
const COMPRESSED: u32 = 2;

/** Decompresses `length` bytes of WINDOW into OUT. Returns 1, or 0 if not one whole page. */
export function decompress(length: i32): i32 {
  const inEnd = WINDOW + <usize>length;
  const outEnd = OUT + PAGE_BYTES;
  let at = WINDOW;
  let op = OUT;
  forgetCode();
  resetSequences();
  while (at + 3 <= inEnd) {
    const header = load<u32>(at) & 0xffffff;
    const kind = (header >> 1) & 3;
    const bytes = <usize>(header >> 3);
    at += 3;
    if (kind === COMPRESSED) {
      if (bytes > inEnd - at) return 0;
      const blockEnd = at + bytes;
      const next = readLiterals(at, blockEnd);
      if (next === 0) return 0;
      op = runSequences(next, blockEnd, op);
      if (op === 0) return 0;
      at = blockEnd;
    } else if (kind === RAW) {
      if (bytes > inEnd - at || bytes > outEnd - op) return 0;
      memory.copy(op, at, bytes);
      at += bytes;
      op += bytes;
    } else if (kind === RLE) {
      if (at >= inEnd || bytes > outEnd - op) return 0;
      memory.fill(op, load<u8>(at), bytes);
      at += 1;
      op += bytes;
    } else {
      return 0;
    }
    if ((header & 1) !== 0) return <i32>(at === inEnd && op === outEnd);
  }
  return 0;
}

export function compress(): i32 {
  return 0;
}
