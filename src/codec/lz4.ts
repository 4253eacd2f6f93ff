/**
 * `lz4`: the LZ4 block format, the cheapest codec. Streams are those of any LZ4 block library; the
 * kernel is `assembly/lz4.ts`.
 */
import type { Codec } from './codec.ts';
import { WasmModule, createWasmLane } from './wasm.ts';

const module = new WasmModule('./lz4.wasm');

/** LZ4 with no choice of level. */
export function createLz4(): Codec {
  return { name: 'lz4', spec: 'lz4', createLane: () => createWasmLane(module, 'compress') };
}
