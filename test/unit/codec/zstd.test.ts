/**
 * Goal: pages survive, streams are what any zstd understands, bad bytes do no harm. Method: round
 * trips and damaged streams from fixed seeds; frames made by the reference tool, committed; and the
 * reference tool itself where it is installed.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { CODEC_WINDOW_BYTES, INCOMPRESSIBLE } from '../../../src/codec/codec.ts';
import { ZSTD_FRAME_HEADER, createZstd } from '../../../src/codec/zstd.ts';
import { InvariantError } from '../../../src/std/assert.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import {
  assertRoundTrips,
  assertSurvivesMalformed,
  compressed,
  decompressed,
} from './codec-behaviour.ts';
import {
  SHARED_PAGES_MISSING,
  generatePage,
  pagesFrom,
  sharedPages,
  sharedPagesEvery,
} from '../../support/pages.ts';

const LEVELS = [-7, -3, -1, 1, 3, 6, 12, 19];
const HEADER = Uint8Array.from(ZSTD_FRAME_HEADER);

function fixture(name: string): Uint8Array {
  return new Uint8Array(
    readFileSync(new URL(`../../fixtures/codec/zstd/${name}`, import.meta.url)),
  );
}

describe('zstd', () => {
  for (const level of LEVELS) {
    it(`gives every generated page back at level ${level}`, () => {
      const pages = pagesFrom(0x5eed, level > 6 ? 2 : 12);
      const stored = assertRoundTrips(createZstd(level), pages);
      assert.ok(stored < pages.length * PAGE_SIZE * 0.6);
    });
  }

  it('has room for the context of every level', () => {
    const pages = pagesFrom(13, 1);
    for (let level = -7; level <= 19; level++) {
      if (level !== 0) assertRoundTrips(createZstd(level), pages);
    }
  });

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
    const lane = createZstd(19).createLane();
    const page = generatePage('random', 3).bytes;
    assert.equal(lane.compress(page), INCOMPRESSIBLE);
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
    for (const level of [-7, 3]) {
      const refused = assertSurvivesMalformed(createZstd(level), pagesFrom(1, 4), 42, 6000);
      assert.ok(refused > 3000);
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
    assert.throws(() => lane.decompress(length, new Uint8Array(PAGE_SIZE), 1), InvariantError);
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

describe('zstd and the reference tool', () => {
  for (const name of ['page-1.zst', 'page-fast1.zst', 'page-19.zst']) {
    it(`decodes ${name}`, () => {
      const frame = fixture(name);
      assert.deepEqual(frame.subarray(0, HEADER.length), HEADER);
      const lane = createZstd().createLane();
      assert.deepEqual(decompressed(lane, frame.subarray(HEADER.length)), fixture('page.bin'));
    });
  }

  const missing = spawnSync('zstd', ['--version']).status !== 0;
  const skip = missing && 'skipped: needs the zstd tool';
  it('makes frames that the tool decodes', { skip }, () => {
    const frames: Uint8Array[] = [];
    const expected: Uint8Array[] = [];
    for (const level of LEVELS) {
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
    assert.ok(expected.length > 50);
    assert.ok(stdout.equals(Buffer.concat(expected)));
  });
});

describe('zstd without its package', () => {
  // The compiled sources, copied to where no package of ours is found.
  function withCopy(wasm: string | undefined, check: (module: string) => Promise<void>) {
    const directory = mkdtempSync(join(tmpdir(), 'zswapd-zstd-'));
    for (const floor of ['codec', 'std']) {
      const source = fileURLToPath(new URL(`../../../src/${floor}`, import.meta.url));
      cpSync(source, join(directory, floor), { recursive: true });
    }
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
    if (wasm !== undefined) {
      const home = join(directory, 'node_modules/@foxglove/wasm-zstd/dist');
      mkdirSync(home, { recursive: true });
      writeFileSync(join(home, 'wasm-zstd.wasm'), wasm);
    }
    return check(pathToFileURL(join(directory, 'codec/zstd.js')).href).finally(() => {
      rmSync(directory, { recursive: true });
    });
  }

  async function assertRefused(module: string, message: RegExp): Promise<void> {
    const copy = (await import(module)) as { createZstd: typeof createZstd };
    assert.throws(() => copy.createZstd(), { code: 'ZSWAP_CODEC', message });
  }

  it('says that it is missing', () =>
    withCopy(undefined, (module) => assertRefused(module, /wasm-zstd is missing/)));

  it('says that it is another version', () =>
    withCopy('not the file', (module) => assertRefused(module, /not the version/)));
});
