/**
 * The way into the codec kernels: WebAssembly modules built from `assembly/`, and the lane that
 * moves pages into and out of an instance's memory.
 *
 * A module is compiled once; each lane is an instance of its own, because a kernel's match table
 * and its epoch belong together. Instance memory holds scratch only (page in, compressed bytes,
 * page out); it never grows, so views of it are made once and stay valid.
 */
import { readFileSync } from 'node:fs';
import { assert } from '../std/assert.ts';
import { PrefixViews } from '../std/prefix-views.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { CODEC_WINDOW_BYTES } from './codec.ts';
import type { CodecLane } from './codec.ts';

/** The part of the WebAssembly API used here, which no library of the compiler's declares. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** What every kernel exports. Addresses are byte offsets in `memory`. */
interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Place of the page to compress. */
  readonly PAGE: { readonly value: number };
  /** Place of the compressed bytes: result of a compression, source of a decompression. */
  readonly WINDOW: { readonly value: number };
  /** Place of the decompressed page. */
  readonly OUT: { readonly value: number };
}

/** Compresses the page into the window; its length, or 0 if that is not below a page's. */
export type CompressExport = 'compress' | 'compressRle' | 'compressFast' | 'compressDense';

/** Decompresses the first `length` bytes of the window; 1, or 0 if not one whole page. */
type DecompressExport = 'decompress' | 'decompressBlocks';

type KernelWith = Kernel &
  Record<CompressExport, () => number> &
  Record<DecompressExport, (length: number) => number>;

/** A compiled kernel, from which lanes are made. */
export class WasmModule {
  readonly #module: object;

  /** @param file - name of a `.wasm` file beside this module's compiled form, or where one is */
  constructor(file: string | URL) {
    this.#module = new WebAssembly.Module(readFileSync(new URL(file, import.meta.url)));
  }

  /** A new instance's exports, unchecked. */
  instantiate(): unknown {
    return new WebAssembly.Instance(this.#module, {}).exports;
  }
}

/** A lane over one kernel instance. */
class WasmLane implements CodecLane {
  readonly window: PrefixViews;
  readonly #page: Uint8Array;
  readonly #out: Uint8Array;
  readonly #compress: () => number;
  readonly #decompress: (length: number) => number;

  constructor(module: WasmModule, compress: CompressExport, decompress: DecompressExport) {
    const kernel = module.instantiate() as KernelWith;
    const buffer = kernel.memory.buffer;
    this.window = new PrefixViews(new Uint8Array(buffer, kernel.WINDOW.value, CODEC_WINDOW_BYTES));
    this.#page = new Uint8Array(buffer, kernel.PAGE.value, PAGE_SIZE);
    this.#out = new Uint8Array(buffer, kernel.OUT.value, PAGE_SIZE);
    this.#compress = kernel[compress];
    this.#decompress = kernel[decompress];
  }

  compress(page: Uint8Array): number {
    assert(page.length === PAGE_SIZE);
    this.#page.set(page);
    return this.#compress();
  }

  decompress(length: number, target: Uint8Array, targetOffset: number): boolean {
    assert(length >= 1);
    assert(length < PAGE_SIZE);
    if (this.#decompress(length) === 0) return false;
    target.set(this.#out, targetOffset);
    return true;
  }
}

/** Makes a lane over a new instance of a kernel. */
export function createWasmLane(
  module: WasmModule,
  compress: CompressExport,
  decompress: DecompressExport = 'decompress',
): CodecLane {
  return new WasmLane(module, compress, decompress);
}
