/**
 * Goal: whatever the zstd kernel is given to decode, it ends, writes nowhere but to its scratch and
 * its page, and says the same whatever else lies in its memory; and whatever it is given to
 * compress, its stream decodes. Method: the codec fuzzer over streams of each level and blocks of
 * frames of libzstd, whole, damaged and cut; pages that mix noise with repetitions.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { packageLanes } from '../../src/codec/zstd-package.ts';
import { WasmModule, createWasmLane } from '../../src/codec/wasm.ts';
import { createZstd } from '../../src/codec/zstd.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { Random, generatePages } from '../support/pages.ts';
import { compressed, decompressed } from '../support/streams.ts';
import { frameBlocks } from '../support/zstd-frames.ts';
import { damagedStreams, fuzzDecoder, type FuzzedDecoder } from './codec-fuzz.ts';

/** As `assembly/memory.ts` and `assembly/zstd/layout.ts` have it. */
const OWN_BYTES = 0x8110;
const SCRATCH = [0x10000, 0x1e000] as const;
const SEED = 23;
const ROUNDS = 2500;

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly WINDOW: { readonly value: number };
  readonly OUT: { readonly value: number };
  readonly decompress: (length: number) => number;
  readonly decompressBlocks: (length: number) => number;
}

function kernelDecoder(decompress: 'decompress' | 'decompressBlocks'): FuzzedDecoder {
  const kernel = new WasmModule('./zstd.wasm').instantiate() as Exports;
  return {
    memory: Buffer.from(kernel.memory.buffer),
    ownBytes: OWN_BYTES,
    scratch: SCRATCH,
    windowAt: kernel.WINDOW.value,
    outAt: kernel.OUT.value,
    decompress: kernel[decompress],
  };
}

function streamsOfLevel(level: number): Uint8Array[] {
  const lane = createZstd(level).createLane();
  return generatePages(12)
    .map(({ bytes }) => compressed(lane, bytes))
    .filter((stream) => stream !== undefined);
}

function streamsOfLibrary(): Uint8Array[] {
  const reader = () =>
    createWasmLane(new WasmModule('./zstd.wasm'), 'compress', 'decompressBlocks');
  const streams = ['page-1-blocks', 'page-19-blocks', 'page-fast1'].map((name) =>
    frameBlocks(readFileSync(new URL(`../fixtures/codec/zstd/${name}.zst`, import.meta.url))),
  );
  for (const level of [1, 19]) {
    const lane = packageLanes(level, reader)();
    for (const { bytes } of generatePages(6)) streams.push(compressed(lane, bytes) ?? bytes);
  }
  return streams.filter((stream) => stream.length < PAGE_SIZE);
}

function assertSafe(decoder: FuzzedDecoder, sound: readonly Uint8Array[]): void {
  const { violation, taken, refused } = fuzzDecoder(decoder, damagedStreams(sound, ROUNDS, SEED));
  assert.equal(violation, undefined);
  assert.ok(taken > 100, `${taken} taken`);
  assert.ok(refused > 100, `${refused} refused`);
}

/** Noise with copies of earlier pieces, runs and few-valued stretches, in random proportions. */
function mixedPage(random: Random): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  const values = 1 + random.below(256);
  let at = 0;
  while (at < PAGE_SIZE) {
    const length = Math.min(PAGE_SIZE - at, 1 + random.below(1 << (1 + random.below(11))));
    const kind = at === 0 ? 0 : random.below(4);
    const distance = 1 + random.below(Math.max(1, at));
    for (const end = at + length; at < end; at++) {
      if (kind < 2) page[at] = kind === 0 ? random.below(values) : random.below(256);
      else page[at] = page[at - distance] ?? 0;
    }
  }
  return page;
}

describe('the zstd kernel under fuzz', () => {
  for (const level of [-1, 1, 3]) {
    it(`decodes damaged streams of level ${level} within bounds, seed ${SEED}`, () => {
      assertSafe(kernelDecoder('decompress'), streamsOfLevel(level));
    });
  }

  it(`decodes damaged blocks of libzstd within bounds, seed ${SEED}`, () => {
    assertSafe(kernelDecoder('decompressBlocks'), streamsOfLibrary());
  });

  it(`gives mixed pages back, seed ${SEED}`, () => {
    const random = new Random(SEED);
    const lanes = [-1, 1, 3].map((level) => createZstd(level).createLane());
    let compressible = 0;
    for (let round = 0; round < 1000; round++) {
      const page = mixedPage(random);
      for (const lane of lanes) {
        const stream = compressed(lane, page);
        if (stream === undefined) continue;
        compressible++;
        const back = decompressed(lane, stream);
        assert.ok(Buffer.from(back ?? []).equals(page), `round ${round}`);
      }
    }
    assert.ok(compressible > 300, `${compressible} compressible`);
  });
});
