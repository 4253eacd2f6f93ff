/**
 * `lzo-rle`: LZO1X, bitstream version 1, which adds runs of zeros; zram's default. Only Linux reads
 * its streams; the kernel is `assembly/lzo.ts`.
 */
import type { Codec } from './codec.ts';
import { LZO_MODULE } from './lzo.ts';
import { createWasmLane } from './wasm.ts';

/** LZO1X with runs of zeros. Its lanes decompress both bitstream versions. */
export function createLzoRle(): Codec {
  return {
    name: 'lzo-rle',
    spec: 'lzo-rle',
    createLane: () => createWasmLane(LZO_MODULE, 'compressRle'),
  };
}
