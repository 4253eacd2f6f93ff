/**
 * The checksum of a page that goes to a backing swap device: the low half of its XXH3, computed by
 * the kernel `assembly/page-hash.ts`. It lives as long as the process and no longer, so no format
 * depends on it; what is asked of it is to find torn, misplaced and damaged pages, and to cost
 * little beside decompressing them. One instance serves the thread, since a call does not wait.
 */
import { WasmModule } from '../codec/wasm.ts';
import { assert } from '../std/assert.ts';
import { PAGE_SIZE } from '../std/units.ts';

interface HashKernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Place of the page to hash. */
  readonly PAGE: { readonly value: number };
  readonly hash: () => number;
}

const module = new WasmModule(new URL('./page-hash.wasm', import.meta.url));
const kernel = module.instantiate() as HashKernel;
const input = new Uint8Array(kernel.memory.buffer, kernel.PAGE.value, PAGE_SIZE);

/**
 * The low 32 bits of the 64-bit XXH3 (default secret, seed 0) of a page of 4096 bytes, an unsigned
 * integer.
 *
 * @see xxhash_spec.md of the xxHash project, section XXH3
 */
export function pageHash(page: Uint8Array): number {
  assert(page.length === PAGE_SIZE);
  input.set(page);
  return kernel.hash() >>> 0;
}
