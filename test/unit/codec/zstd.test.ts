/**
 * Goal: pages survive, streams are what any zstd understands, bad bytes do no harm. Method: round
 * trips and damaged streams from fixed seeds; frames made by the reference tool, committed; and the
 * reference tool itself where it is installed.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CODEC_WINDOW_BYTES, INCOMPRESSIBLE } from '../../../src/codec/codec.ts';
import type { CodecLane } from '../../../src/codec/codec.ts';
import { createZstd } from '../../../src/codec/zstd.ts';
import { WasmModule, createWasmLane } from '../../../src/codec/wasm.ts';
import { ZSTD_FRAME_HEADER, packageLanes } from '../../../src/codec/zstd-package.ts';
import { InvariantError } from '../../../src/std/assert.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import {
  assertRoundTrips,
  assertSurvivesMalformed,
  compressed,
  decompressed,
} from './codec-behaviour.ts';
import {
  PROFILE_COUNT,
  frameBlocks,
  profileDictionary,
  profileFrame,
  profileOf,
} from '../../support/zstd-frames.ts';
import {
  SHARED_PAGES_MISSING,
  generatePage,
  pagesFrom,
  sharedPages,
  sharedPagesEvery,
} from '../../support/pages.ts';

const LEVELS = [-7, -3, -1, 1, 3, 6, 12, 19];
/** Those of the kernel. */
const OWN_LEVELS = [-1, 1, 3];
const HEADER = Uint8Array.from(ZSTD_FRAME_HEADER);

function fixture(name: string): Uint8Array {
  return new Uint8Array(
    readFileSync(new URL(`../../fixtures/codec/zstd/${name}`, import.meta.url)),
  );
}

/** A lane that reads blocks of a frame. */
function readerOfBlocks(): CodecLane {
  return createWasmLane(new WasmModule('./zstd.wasm'), 'compress', 'decompressBlocks');
}

describe('zstd', () => {
  for (const level of LEVELS) {
    it(`gives every generated page back at level ${level}`, () => {
      const pages = pagesFrom(0x5eed, level > 6 ? 2 : 12);
      const stored = assertRoundTrips(createZstd(level), pages);
      assert.ok(stored < pages.length * PAGE_SIZE * 0.6);
    });
  }

  it(
    'gives sample pages back at every level',
    { skip: sharedPages() === undefined ? SHARED_PAGES_MISSING : false },
    () => {
      for (const level of LEVELS) {
        assertRoundTrips(createZstd(level), sharedPagesEvery(level > 6 ? 64 : 8));
      }
    },
  );

  it('stores less at each of the levels -7, -3, -1 and 1', () => {
    const pages = pagesFrom(7, 8);
    const sizes = [-7, -3, -1, 1].map((level) => assertRoundTrips(createZstd(level), pages));
    assert.deepEqual(
      sizes,
      sizes.toSorted((a, b) => b - a),
    );
    assert.equal(new Set(sizes).size, sizes.length);
  });

  it('finds random pages incompressible', () => {
    for (const level of [...OWN_LEVELS, 19]) {
      const lane = createZstd(level).createLane();
      const page = generatePage('random', 3).bytes;
      assert.equal(lane.compress(page), INCOMPRESSIBLE);
    }
  });

  for (const level of OWN_LEVELS) {
    it(`is as dense as libzstd at level ${level}, within 1 %`, () => {
      const pages = [
        ...pagesFrom(77, 12),
        ...(sharedPages() === undefined ? [] : sharedPagesEvery(2)),
      ];
      const own = assertRoundTrips(createZstd(level), pages);
      const createLane = packageLanes(level, readerOfBlocks);
      const library = assertRoundTrips({ name: 'zstd', spec: 'zstd', createLane }, pages);
      assert.ok(own <= library * 1.01, `${own} bytes, libzstd ${library}`);
    });
  }

  it('makes pages of one byte, and of one literal, a few bytes', () => {
    for (const level of OWN_LEVELS) {
      const lane = createZstd(level).createLane();
      for (const byte of [0, 1, 255]) {
        const page = new Uint8Array(PAGE_SIZE).fill(byte);
        assert.ok((compressed(lane, page)?.length ?? PAGE_SIZE) < 16);
        page[PAGE_SIZE - 1] = ~byte & 255;
        assertRoundTrips(createZstd(level), [page]);
      }
    }
  });

  it('gives pages back whose matches are of every length and distance', () => {
    for (const level of OWN_LEVELS) {
      const pages: Uint8Array[] = [];
      const noise = generatePage('random', 9).bytes;
      for (let distance = 1; distance < 2048; distance += distance < 40 ? 1 : 97) {
        const page = noise.slice();
        for (let at = distance; at < PAGE_SIZE; at++) {
          if (at % (3 * distance) < 2 * distance) page[at] = page[at - distance] ?? 0;
        }
        pages.push(page);
      }
      assertRoundTrips(createZstd(level), pages);
    }
  });

  it('keeps lanes apart', () => {
    const codec = createZstd();
    const [one, two] = [codec.createLane(), codec.createLane()];
    const pages = pagesFrom(11, 1);
    const [text, pointers] = [pages[8], pages[6]];
    assert.ok(text !== undefined && pointers !== undefined);
    const length = one.compress(text);
    const stream = one.window.of(length).slice();
    two.compress(pointers);
    assert.deepEqual(one.window.of(length), stream);
    assert.equal(one.window.bytes.length, CODEC_WINDOW_BYTES);
  });

  it('refuses damaged streams and goes on working', () => {
    for (const level of [-7, -1, 1, 3]) {
      const refused = assertSurvivesMalformed(createZstd(level), pagesFrom(1, 4), 42, 6000);
      assert.ok(refused > 2500, `${refused} refused`);
    }
  });

  it('keeps its memory through many pages and damaged streams', () => {
    const lane = createZstd(19).createLane();
    const { buffer } = lane.window.bytes;
    const bytes = buffer.byteLength;
    for (const page of pagesFrom(21, 3)) {
      const stream = compressed(lane, page);
      if (stream !== undefined) decompressed(lane, stream.subarray(1));
    }
    assert.equal(buffer.byteLength, bytes);
    assert.equal(lane.window.bytes.buffer, buffer);
  });

  it('writes at the offset asked for and leaves the rest of the target', () => {
    const lane = createZstd().createLane();
    const page = fixture('page.bin');
    const length = lane.compress(page);
    const target = new Uint8Array(3 * PAGE_SIZE).fill(0x77);
    assert.ok(lane.decompress(length, target, PAGE_SIZE));
    assert.deepEqual(target.subarray(PAGE_SIZE, 2 * PAGE_SIZE), page);
    assert.ok(target.subarray(0, PAGE_SIZE).every((byte) => byte === 0x77));
    assert.ok(target.subarray(2 * PAGE_SIZE).every((byte) => byte === 0x77));
  });

  it('asserts on a page or target of a wrong size', () => {
    const lane = createZstd().createLane();
    assert.throws(() => lane.compress(new Uint8Array(PAGE_SIZE - 1)), InvariantError);
    const length = lane.compress(new Uint8Array(PAGE_SIZE));
    assert.throws(() => lane.decompress(length, new Uint8Array(PAGE_SIZE), 1), RangeError);
    assert.throws(() => lane.decompress(0, new Uint8Array(PAGE_SIZE), 0), InvariantError);
  });

  it('names itself with its level, but not with the default one', () => {
    assert.deepEqual(
      [createZstd(), createZstd(3), createZstd(-1)].map(({ name, spec }) => [name, spec]),
      [
        ['zstd', 'zstd'],
        ['zstd', 'zstd'],
        ['zstd', 'zstd:-1'],
      ],
    );
  });

  it('throws RangeError for a level it does not have', () => {
    for (const level of [-8, 0, 20, 1.5, Number.NaN]) {
      assert.throws(() => createZstd(level), RangeError);
    }
  });
});

describe('blocks of a frame', () => {
  const frames = ['page-1', 'page-fast1', 'page-19', 'page-1-blocks', 'page-19-blocks'];
  for (const name of frames) {
    it(`decodes ${name}.zst of libzstd`, () => {
      const blocks = frameBlocks(fixture(`${name}.zst`));
      assert.deepEqual(decompressed(readerOfBlocks(), blocks), fixture('page.bin'));
    });
  }

  /** A block header: whether it is the last, its type, and its size. */
  const header = (last: number, type: number, size: number): number[] => {
    const fields = last | (type << 1) | (size << 3);
    return [fields & 255, (fields >> 8) & 255, fields >> 16];
  };
  const decoded = (bytes: readonly number[]): Uint8Array | undefined =>
    decompressed(readerOfBlocks(), Uint8Array.from(bytes));

  it('decodes raw and repeated blocks', () => {
    const page = decoded([...header(0, 0, 3), 1, 2, 3, ...header(1, 1, PAGE_SIZE - 3), 9]);
    const expected = new Uint8Array(PAGE_SIZE).fill(9);
    expected.set([1, 2, 3]);
    assert.deepEqual(page, expected);
  });

  it('decodes repeated literals without sequences', () => {
    // 4095 literals need the form of twelve bits.
    const block = [0x01 | 0x04 | 0xf0, 0xff, 7, 0];
    const page = decoded([...header(0, 1, 1), 7, ...header(1, 2, block.length), ...block]);
    assert.deepEqual(page, new Uint8Array(PAGE_SIZE).fill(7));
  });

  it('refuses pages that are too short, too long, or go on', () => {
    assert.equal(decoded([...header(1, 1, PAGE_SIZE - 1), 9]), undefined);
    assert.equal(decoded([...header(1, 1, PAGE_SIZE + 1), 9]), undefined);
    assert.equal(decoded([...header(0, 1, PAGE_SIZE), 9]), undefined);
    assert.equal(decoded([...header(1, 1, PAGE_SIZE), 9, 0]), undefined);
    assert.equal(decoded([...header(1, 3, PAGE_SIZE), 9]), undefined);
  });

  it('refuses tables and codes of a block before where there is none', () => {
    const treeless = [0x13, 0x40, 0x00, 1, 0];
    assert.equal(decoded([...header(1, 2, treeless.length), ...treeless]), undefined);
    const repeat = [0x08, 7, 1, 0xfc, 0x01];
    assert.equal(decoded([...header(1, 2, repeat.length), ...repeat]), undefined);
  });
});

describe('zstd and the reference tool', () => {
  const missing = spawnSync('zstd', ['--version']).status !== 0;
  const skip = missing && 'skipped: needs the zstd tool';
  it('makes frames of levels of the package that the tool decodes', { skip }, () => {
    const frames: Uint8Array[] = [];
    const expected: Uint8Array[] = [];
    for (const level of LEVELS.filter((one) => !OWN_LEVELS.includes(one))) {
      const lane = createZstd(level).createLane();
      for (const page of pagesFrom(99, 2)) {
        const stream = compressed(lane, page);
        if (stream === undefined) continue;
        frames.push(HEADER, stream);
        expected.push(page);
      }
    }
    const { stdout, status } = spawnSync('zstd', ['-dc'], { input: Buffer.concat(frames) });
    assert.equal(status, 0);
    assert.ok(expected.length > 30);
    assert.ok(stdout.equals(Buffer.concat(expected)));
  });

  it('makes frames of its own levels that the tool decodes with the profile', { skip }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'zswapd-zstd-'));
    const frames: Uint8Array[][] = Array.from({ length: PROFILE_COUNT }, () => []);
    const expected: Uint8Array[][] = Array.from({ length: PROFILE_COUNT }, () => []);
    const pages = [
      ...pagesFrom(99, 6),
      ...(sharedPages() === undefined ? [] : sharedPagesEvery(4)),
    ];
    for (const level of OWN_LEVELS) {
      const lane = createZstd(level).createLane();
      for (const page of pages) {
        const stream = compressed(lane, page);
        if (stream === undefined) continue;
        frames[profileOf(stream)]?.push(profileFrame(stream));
        expected[profileOf(stream)]?.push(page);
      }
    }
    try {
      for (const [index, input] of frames.entries()) {
        // Which profiles the pages take depends on the pages; the tool refuses an empty input.
        if (input.length === 0) continue;
        const dictionary = join(folder, `profile-${index}`);
        writeFileSync(dictionary, profileDictionary(index));
        const { stdout, status, stderr } = spawnSync('zstd', ['-dc', '-D', dictionary], {
          input: Buffer.concat(input),
          maxBuffer: 1 << 28,
        });
        assert.equal(status, 0, stderr.toString());
        assert.ok(stdout.equals(Buffer.concat(expected[index] ?? [])));
      }
      assert.ok(expected.flat().length > 100);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
