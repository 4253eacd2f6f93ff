/**
 * Compression at the levels of `zstd` that the own kernel does not have: libzstd as WebAssembly,
 * from the package `@foxglove/wasm-zstd`. What it makes is read by the own kernel.
 *
 * Only the package's `.wasm` file is used. Its JavaScript copies every page into fresh buffers and
 * shares one instance among all callers; here each lane instantiates the file itself and works on
 * its exports, at fixed addresses in an instance's own memory. The names of those exports are
 * single letters chosen by the linker, so the file is accepted by digest only.
 *
 * What is stored is a standard frame (RFC 8878) without its header. For a page the header is the
 * same seven bytes each time, {@link ZSTD_FRAME_HEADER}.
 *
 * Invariant: an instance's memory never grows, so its views stay valid.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { assert } from '../std/assert.ts';
import { ZswapError } from '../std/error.ts';
import { PrefixViews } from '../std/prefix-views.ts';
import { PAGE_SIZE } from '../std/units.ts';
import { CODEC_WINDOW_BYTES, COMPRESS_FAILED, INCOMPRESSIBLE } from './codec.ts';
import type { CodecLane } from './codec.ts';

/** The parts of the WebAssembly API used here; the compiler's own libraries leave it out. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => WasmModule;
  Instance: new (
    module: WasmModule,
    imports: { readonly a: ZstdImports },
  ) => { readonly exports: ZstdExports };
};
interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

/** What the file asks for: more memory, and long copies. */
interface ZstdImports {
  /** Asks for memory of `bytes`; 1 if it was made longer, 0 to let the allocation fail. */
  readonly a: (bytes: number) => number;
  /** `memcpy` of blocks that are worth a call. */
  readonly b: (target: number, source: number, bytes: number) => void;
}

/** What the file offers; addresses and sizes in bytes. */
interface ZstdExports {
  readonly c: { readonly buffer: ArrayBuffer };
  /** Runs once before anything else. */
  readonly d: () => void;
  /** `malloc`; 0 if there is no memory. */
  readonly f: (bytes: number) => number;
  /** `ZSTD_compress(target, capacity, source, bytes, level)`, with -1 for every error. */
  readonly i: (
    target: number,
    capacity: number,
    source: number,
    bytes: number,
    level: number,
  ) => number;
}

const require = createRequire(import.meta.url);
const WASM_SHA256 = '13704a218030bf6b1626c2bf24545290a9bce153784691d743c8c8c6ebf18f0d';

/**
 * The frame header of every page (RFC 8878, section 3.1.1.1): magic number; a descriptor that says
 * single segment, no checksum, no dictionary, two bytes of content size; and 4096 less 256. Put in
 * front of what a lane produced it makes a frame that any zstd decodes.
 */
export const ZSTD_FRAME_HEADER: readonly number[] = [0x28, 0xb5, 0x2f, 0xfd, 0x60, 0x00, 0x0f];

/** Compiled once; lanes share the code and nothing else. */
let compiled: WasmModule | undefined;

/**
 * Makes lanes that compress at `level` with the package, and decompress with the lane that
 * `createReader` makes: its window takes blocks of a frame.
 *
 * @throws ZswapError `ZSWAP_CODEC` if the package's file is missing or is not the expected one.
 */
export function packageLanes(level: number, createReader: () => CodecLane): () => CodecLane {
  compiled ??= compile();
  const module = compiled;
  return () => new PackageLane(new PackageCompressor(module, level), createReader());
}

function compile(): WasmModule {
  let bytes: Buffer;
  try {
    bytes = readFileSync(require.resolve('@foxglove/wasm-zstd/dist/wasm-zstd.wasm'));
  } catch (cause) {
    throw new ZswapError(
      'ZSWAP_CODEC',
      'zstd cannot be set up: the package @foxglove/wasm-zstd is missing',
      { cause },
    );
  }
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (digest !== WASM_SHA256) {
    throw new ZswapError(
      'ZSWAP_CODEC',
      'zstd cannot be set up: @foxglove/wasm-zstd is not the version this was made for',
    );
  }
  return new WebAssembly.Module(bytes);
}

/** An instance of the package's code that compresses. */
class PackageCompressor {
  readonly #zstd: ZstdExports;
  readonly #level: number;
  readonly #pageAddress: number;
  readonly #frameAddress: number;
  readonly #page: Uint8Array;
  readonly #header: Uint8Array;
  /** What follows the header. */
  readonly blocks: PrefixViews;

  constructor(module: WasmModule, level: number) {
    this.#level = level;
    let memory = new Uint8Array(0);
    this.#zstd = new WebAssembly.Instance(module, {
      a: {
        a: () => 0,
        b: (to, from, bytes) => {
          memory.copyWithin(to, from, from + bytes);
        },
      },
    }).exports;
    const { buffer } = this.#zstd.c;
    memory = new Uint8Array(buffer);
    this.#zstd.d();
    this.#pageAddress = this.#zstd.f(PAGE_SIZE);
    this.#frameAddress = this.#zstd.f(ZSTD_FRAME_HEADER.length + CODEC_WINDOW_BYTES);
    assert(this.#pageAddress !== 0 && this.#frameAddress !== 0, 'zstd: no memory for a lane');

    // The 2 MiB an instance starts with hold the context of any level, which libzstd takes and
    // frees at each call; its size depends on the level alone, so one page proves it fits.
    assert(this.#compressFrame() > 0, 'zstd: the first page was not compressed');

    this.#page = new Uint8Array(buffer, this.#pageAddress, PAGE_SIZE);
    const headerBytes = ZSTD_FRAME_HEADER.length;
    this.#header = new Uint8Array(buffer, this.#frameAddress, headerBytes);
    this.blocks = new PrefixViews(
      new Uint8Array(buffer, this.#frameAddress + headerBytes, CODEC_WINDOW_BYTES),
    );
  }

  /** Compresses a page to `blocks`; the result is that of a lane. */
  compress(page: Uint8Array): number {
    assert(page.length === PAGE_SIZE);
    this.#page.set(page);
    const frameBytes = this.#compressFrame();
    if (frameBytes <= ZSTD_FRAME_HEADER.length) return COMPRESS_FAILED;
    this.#assertHeader();
    const length = frameBytes - ZSTD_FRAME_HEADER.length;
    return length < PAGE_SIZE ? length : INCOMPRESSIBLE;
  }

  /**
   * Compresses the page to a frame. The capacity is above the bound of libzstd, which is faster
   * than a tight one: an incompressible page ends as a raw block of 4099 bytes either way.
   */
  #compressFrame(): number {
    const capacity = ZSTD_FRAME_HEADER.length + CODEC_WINDOW_BYTES;
    return this.#zstd.i(this.#frameAddress, capacity, this.#pageAddress, PAGE_SIZE, this.#level);
  }

  #assertHeader(): void {
    for (let index = 0; index < ZSTD_FRAME_HEADER.length; index++) {
      assert(this.#header[index] === ZSTD_FRAME_HEADER[index], 'zstd: an unexpected frame header');
    }
  }
}

/** Writes with the package and reads with the own kernel. */
class PackageLane implements CodecLane {
  readonly window: PrefixViews;
  readonly #compressor: PackageCompressor;
  readonly #reader: CodecLane;

  constructor(compressor: PackageCompressor, reader: CodecLane) {
    this.#compressor = compressor;
    this.#reader = reader;
    this.window = reader.window;
  }

  compress(page: Uint8Array): number {
    const length = this.#compressor.compress(page);
    if (length > 0) this.window.bytes.set(this.#compressor.blocks.of(length));
    return length;
  }

  decompress(length: number, target: Uint8Array, targetOffset: number): boolean {
    return this.#reader.decompress(length, target, targetOffset);
  }
}
