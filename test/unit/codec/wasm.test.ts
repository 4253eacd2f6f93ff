/**
 * What holds for both kernels: their exports, that they keep to their regions of memory, and that
 * nothing outside of what they were given has an influence. Method: run them on an instance whose
 * memory is filled with two different patterns, on sound, damaged and random input, and compare the
 * whole memory.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CODEC_WINDOW_BYTES } from '../../../src/codec/codec.ts';
import { WasmModule } from '../../../src/codec/wasm.ts';
import { damagedStreams, decodeOver, fuzzDecoder } from '../../fuzz/codec-fuzz.ts';
import type { FuzzedDecoder } from '../../fuzz/codec-fuzz.ts';
import { generatePages } from '../../support/pages.ts';

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly PAGE: { readonly value: number };
  readonly WINDOW: { readonly value: number };
  readonly OUT: { readonly value: number };
  readonly decompress: (length: number) => number;
  readonly compress: () => number;
  readonly compressRle?: () => number;
}

const PAGE_BYTES = 4096;
/** Match table and swizzle patterns: the kernel's own, before everything a caller sees. */
const OWN_BYTES = 0x8100;
const TABLE_BYTES = 0x8000;
const SEED = 20;
const ROUNDS = 6000;

/** A kernel instance whose memory beyond its own tables can be filled and compared. */
class Bench implements FuzzedDecoder {
  readonly ownBytes = OWN_BYTES;
  readonly exports: Exports;
  readonly memory: Buffer;
  readonly page: Uint8Array;
  readonly window: Uint8Array;

  constructor(file: string) {
    this.exports = new WasmModule(file).instantiate() as Exports;
    const buffer = this.exports.memory.buffer;
    this.memory = Buffer.from(buffer);
    this.page = new Uint8Array(buffer, this.exports.PAGE.value, PAGE_BYTES);
    this.window = new Uint8Array(buffer, this.exports.WINDOW.value, CODEC_WINDOW_BYTES);
  }

  get windowAt(): number {
    return this.exports.WINDOW.value;
  }

  get outAt(): number {
    return this.exports.OUT.value;
  }

  decompress(length: number): number {
    return this.exports.decompress(length);
  }

  /** Compresses with everything else set to `pattern`; asserts that only WINDOW has changed. */
  compress(page: Uint8Array, pattern: number, compress: () => number): Buffer {
    this.memory.fill(pattern, OWN_BYTES);
    this.page.set(page);
    const before = Buffer.from(this.memory);
    const length = compress();
    this.memory.copy(before, 0, 0, TABLE_BYTES);
    this.#assertOnlyChanged(before, this.exports.WINDOW.value, CODEC_WINDOW_BYTES);
    return Buffer.from(this.window.subarray(0, length));
  }

  #assertOnlyChanged(before: Buffer, start: number, length: number): void {
    const end = start + length;
    assert.ok(this.memory.subarray(0, start).equals(before.subarray(0, start)));
    assert.ok(this.memory.subarray(end).equals(before.subarray(end)));
  }
}

/** A length's extension in LZ4: bytes of 255, then the rest. */
const lz4Length = (rest: number): number[] => [
  ...Array(Math.floor(rest / 255)).fill(255),
  rest % 255,
];
/** A length's extension in LZO: zeros of 255 each, then the rest, 1..255. */
const lzoLength = (rest: number): number[] => {
  const zeros = Math.floor((rest - 1) / 255);
  return [...Array(zeros).fill(0), rest - zeros * 255];
};
const noise = Array.from({ length: 600 }, () => 99);

/** Streams that fill most of the page and then have 600 literals, all there: too many. */
const OVERLONG = {
  './lz4.wasm': [0x1f, 7, 1, 0, ...lz4Length(4000 - 19), 0xf0, ...lz4Length(600 - 15), ...noise],
  './lzo.wasm': [
    18,
    7,
    32,
    ...lzoLength(4000 - 33),
    0,
    0,
    0,
    ...lzoLength(600 - 18),
    ...noise,
  ].concat([17, 0, 0]),
} as const;

const KERNELS = [
  { file: './lz4.wasm', compressors: ['compress'] },
  { file: './lzo.wasm', compressors: ['compress', 'compressRle'] },
] as const;

for (const { file, compressors } of KERNELS) {
  describe(file, () => {
    it('exports what its lanes use and nothing more', () => {
      const names = Object.keys(new WasmModule(file).instantiate() as Exports).sort();
      assert.deepEqual(names, ['OUT', 'PAGE', 'WINDOW', ...compressors, 'decompress', 'memory']);
    });

    it('refuses literals beyond the page without writing them', () => {
      const bench = new Bench(file);
      for (const pattern of [0x00, 0xff]) {
        const { result, violation } = decodeOver(bench, Uint8Array.from(OVERLONG[file]), pattern);
        assert.equal(result, 0);
        assert.equal(violation, undefined);
      }
    });

    for (const name of compressors) {
      const bench = new Bench(file);
      const compress = bench.exports[name as 'compress'];

      it(`${name} writes only the window, whatever lies beyond the page`, () => {
        for (const { bytes } of generatePages(20)) {
          const stream = bench.compress(bytes, 0x00, compress);
          assert.ok(bench.compress(bytes, 0xff, compress).equals(stream));
        }
      });

      it(`decompress keeps to its regions with streams of ${name}, seed ${SEED}`, () => {
        const sound = generatePages(6)
          .map(({ bytes }) => bench.compress(bytes, 0, compress))
          .filter((stream) => stream.length > 0);
        const { violation, taken, refused } = fuzzDecoder(
          bench,
          damagedStreams(sound, ROUNDS, SEED),
        );
        assert.equal(violation, undefined);
        assert.ok(refused > 100);
        assert.ok(taken > 100);
      });
    }
  });
}
