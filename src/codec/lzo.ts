/**
 * `lzo`: LZO1X, bitstream version 0, a little denser than LZ4. Streams are those of any LZO1X
 * library; the kernel is `assembly/lzo.ts`.
 */
import type { Codec } from './codec.ts';
import { WasmModule, createWasmLane } from './wasm.ts';

/** The LZO module, which holds both bitstream versions. */
export const LZO_MODULE: WasmModule = new WasmModule('./lzo.wasm');

/** LZO1X. Its lanes decompress both bitstream versions, as Linux's `lzo` does. */
export function createLzo(): Codec {
  return { name: 'lzo', spec: 'lzo', createLane: () => createWasmLane(LZO_MODULE, 'compress') };
}
