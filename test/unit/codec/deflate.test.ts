/**
 * Goal: pages survive, streams are plain raw deflate, bad bytes do no harm. Method: round trips and
 * damaged streams from fixed seeds; Python's zlib with the kernel's parameters where it is there.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { INCOMPRESSIBLE } from '../../../src/codec/codec.ts';
import { createDeflate } from '../../../src/codec/deflate.ts';
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

/** Reads streams, each after its length in two bytes, and writes the pages. */
const PYTHON_INFLATE = `
import sys, zlib
data = sys.stdin.buffer.read()
at = 0
while at < len(data):
    end = at + 2 + int.from_bytes(data[at:at + 2], 'little')
    sys.stdout.buffer.write(zlib.decompress(data[at + 2:end], wbits=-11))
    at = end
`;
/** Reads pages and writes streams, each after its length in two bytes. */
const PYTHON_DEFLATE = `
import sys, zlib
while page := sys.stdin.buffer.read(4096):
    c = zlib.compressobj(6, zlib.DEFLATED, -11, 8)
    stream = c.compress(page) + c.flush()
    sys.stdout.buffer.write(len(stream).to_bytes(2, 'little') + stream)
`;
const hasPython = spawnSync('python3', ['-c', 'import zlib']).status === 0;
const skip = !hasPython && 'skipped: needs python3 with zlib';

describe('deflate', () => {
  for (const level of [1, 6, 9]) {
    it(`gives every generated page back at level ${level}`, () => {
      const pages = pagesFrom(0x5eed, 8);
      const stored = assertRoundTrips(createDeflate(level), pages);
      assert.ok(stored < pages.length * PAGE_SIZE * 0.5);
    });
  }

  it(
    'gives sample pages back',
    { skip: sharedPages() === undefined ? SHARED_PAGES_MISSING : false },
    () => {
      assertRoundTrips(createDeflate(), sharedPagesEvery(8));
    },
  );

  it('stores less at level 6 than at level 1', () => {
    const pages = pagesFrom(5, 6);
    const stored = (level: number): number => assertRoundTrips(createDeflate(level), pages);
    assert.ok(stored(6) < stored(1));
  });

  it('finds random pages incompressible', () => {
    const page = generatePage('random', 3).bytes;
    assert.equal(createDeflate(9).createLane().compress(page), INCOMPRESSIBLE);
  });

  it('refuses damaged streams and goes on working', () => {
    assert.ok(assertSurvivesMalformed(createDeflate(), pagesFrom(1, 4), 42, 3000) > 1500);
  });

  it('refuses streams of more or less than a page', () => {
    const lane = createDeflate().createLane();
    for (const length of [PAGE_SIZE - 1, PAGE_SIZE + 1, 100 * PAGE_SIZE]) {
      const stream = deflateRawSync(new Uint8Array(length), { windowBits: 11 });
      assert.equal(decompressed(lane, stream), undefined);
    }
  });

  it('asserts on a page or target of a wrong size', () => {
    const lane = createDeflate().createLane();
    assert.throws(() => lane.compress(new Uint8Array(PAGE_SIZE + 1)), InvariantError);
    const length = lane.compress(new Uint8Array(PAGE_SIZE));
    assert.throws(() => lane.decompress(length, new Uint8Array(PAGE_SIZE), 1), InvariantError);
  });

  it('names itself with its level, but not with the default one', () => {
    const specs = [createDeflate(), createDeflate(6), createDeflate(9)].map(({ spec }) => spec);
    assert.deepEqual(specs, ['deflate', 'deflate', 'deflate:9']);
  });

  it('throws RangeError for a level it does not have', () => {
    for (const level of [-1, 0, 10, 2.5]) assert.throws(() => createDeflate(level), RangeError);
  });
});

describe("deflate and Python's zlib", () => {
  it('makes streams that Python inflates', { skip }, () => {
    const lane = createDeflate().createLane();
    const input: Uint8Array[] = [];
    const expected: Uint8Array[] = [];
    for (const page of pagesFrom(17, 4)) {
      const stream = compressed(lane, page);
      if (stream === undefined) continue;
      input.push(Uint8Array.of(stream.length & 0xff, stream.length >> 8), stream);
      expected.push(page);
    }
    const { stdout, status } = spawnSync('python3', ['-c', PYTHON_INFLATE], {
      input: Buffer.concat(input),
    });
    assert.equal(status, 0);
    assert.ok(stdout.equals(Buffer.concat(expected)));
  });

  it('inflates streams that Python makes', { skip }, () => {
    const pages = pagesFrom(18, 4);
    const { stdout, status } = spawnSync('python3', ['-c', PYTHON_DEFLATE], {
      input: Buffer.concat(pages),
    });
    assert.equal(status, 0);
    const lane = createDeflate().createLane();
    let at = 0;
    let inflated = 0;
    for (const page of pages) {
      const length = stdout.readUInt16LE(at);
      const stream = stdout.subarray(at + 2, at + 2 + length);
      at += 2 + length;
      if (length >= PAGE_SIZE) continue;
      assert.deepEqual(decompressed(lane, stream), page);
      inflated++;
    }
    assert.ok(inflated > 20);
  });
});
