/**
 * A second LZ4 block decoder, plain and slow, for tests: written straight from the format
 * description, with its end-of-block conditions, which a decoder need not check but an encoder must
 * keep.
 */
import { present } from '../../src/std/assert.ts';

/** Decodes a whole block; throws if the description does not allow it. */
export function decodeLz4(block: Uint8Array): Uint8Array {
  const output: number[] = [];
  let at = 0;
  const length = (field: number): number => {
    let total = field;
    let byte = field === 15 ? 255 : 0;
    while (byte === 255) {
      byte = present(block[at++]);
      total += byte;
    }
    return total;
  };
  let lastMatchStart = 0;
  for (;;) {
    const token = present(block[at++]);
    const literals = length(token >> 4);
    for (let index = 0; index < literals; index++) output.push(present(block[at++]));
    if (at === block.length) {
      if (lastMatchStart > 0 && literals < 5) throw new Error('fewer than 5 last literals');
      break;
    }
    const distance = present(block[at++]) | (present(block[at++]) << 8);
    if (distance === 0) throw new Error('distance 0');
    const match = length(token & 15) + 4;
    lastMatchStart = output.length;
    for (let index = 0; index < match; index++) {
      output.push(present(output[output.length - distance]));
    }
  }
  if (lastMatchStart > output.length - 12) throw new Error('last match too near the end');
  return Uint8Array.from(output);
}
