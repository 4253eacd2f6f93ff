/**
 * The LZO kernel against the format, version 1: a plain decoder written from the description reads
 * what it makes, and it reads streams written by hand at the limits of a run of zeros.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLzoRle } from '../../../src/codec/lzo-rle.ts';
import { createLzo } from '../../../src/codec/lzo.ts';
import { decodeLzo } from '../../support/lzo-reference.ts';
import {
  SHARED_PAGES_MISSING,
  generatePage,
  generatePages,
  sharedPages,
} from '../../support/pages.ts';
import { compressed, decompressed, foreignStreams } from '../../support/streams.ts';

const PAGE = 4096;
const END = [0x11, 0, 0];

/** The instruction for a run of `length` zeros followed by `literals`, at most three. */
function run(length: number, ...literals: number[]): number[] {
  const field = length - 4;
  return [0x18 | (field & 7), 0xfc | literals.length, 0xff, field >> 3, ...literals];
}

function assertStreamsFollowTheFormat(pages: readonly Uint8Array[]): number {
  const lane = createLzoRle().createLane();
  let runs = 0;
  for (const page of pages) {
    const stream = compressed(lane, page);
    if (stream === undefined) continue;
    const { bytes, version, counts } = decodeLzo(stream);
    assert.equal(version, 1);
    assert.ok(Buffer.from(bytes).equals(page));
    assert.ok(Buffer.from(decompressed(lane, stream) ?? []).equals(page));
    runs += counts.get('run of zeros') ?? 0;
  }
  return runs;
}

describe('lzo-rle compression', () => {
  it('makes streams that a decoder written from the description reads', () => {
    const runs = assertStreamsFollowTheFormat(generatePages(40).map(({ bytes }) => bytes));
    assert.ok(runs > 100);
  });

  const real = sharedPages();
  it('does so with real pages', { skip: real ? false : SHARED_PAGES_MISSING }, () => {
    assert.ok(assertStreamsFollowTheFormat(real ?? []) > 0);
  });

  it('makes streams of every length and place of a run that the description allows', () => {
    const pages: Uint8Array[] = [];
    const noise = generatePage('random', 3).bytes;
    for (const length of [...Array(48).keys(), 255, 2050, 2051, 2052, 2053, 2054, 2055, 4090]) {
      for (const start of [0, 1, 3, 4, 19, 241, PAGE - length]) {
        const page = noise.map((byte, at) => (at < 1500 ? byte : (at & 31) + 1));
        page.fill(0, start, start + length);
        pages.push(page);
      }
    }
    assert.ok(assertStreamsFollowTheFormat(pages) > 100);
  });

  it('makes a zero page 15 bytes: version, a literal, two runs, the end', () => {
    assert.equal(createLzoRle().createLane().compress(new Uint8Array(PAGE)), 15);
  });
});

describe('lzo-rle decompression', () => {
  const lane = createLzoRle().createLane();

  it('reads version 0 as well, as lzo reads version 1', () => {
    for (const { stream, page } of foreignStreams('lzo')) {
      assert.ok(Buffer.from(decompressed(lane, stream) ?? []).equals(page));
    }
    const { bytes } = generatePage('sparse', 5);
    const stream = compressed(lane, bytes) ?? new Uint8Array();
    assert.equal(stream[0], 17);
    const result = decompressed(createLzo().createLane(), stream);
    assert.ok(Buffer.from(result ?? []).equals(bytes));
  });

  it('reads runs of the shortest and the longest length with literals after them', () => {
    const page = new Uint8Array(PAGE);
    page.set([9, 0, 0, 0, 0, 8], 0);
    page.set([7, 6], 6 + 2051);
    page.set([5, 4, 3], 8 + 2051 + 2034);
    const runs = [...run(4, 8), ...run(2051, 7, 6), ...run(2034, 5, 4, 3)];
    const stream = Uint8Array.of(17, 1, 18, 9, ...runs, ...END);
    assert.deepEqual(decompressed(lane, stream), page);
    assert.ok(Buffer.from(decodeLzo(stream).bytes).equals(page));
  });

  it('refuses a run past the page, a run that is cut off, and a run in version 0', () => {
    const zeroPage = [18, 0, ...run(2051), ...run(2044), ...END];
    assert.deepEqual(decompressed(lane, Uint8Array.of(17, 1, ...zeroPage)), new Uint8Array(PAGE));
    assert.equal(decompressed(lane, Uint8Array.of(...zeroPage)), undefined);
    assert.equal(decompressed(lane, Uint8Array.of(17, 0, ...zeroPage)), undefined);
    const tooLong = [18, 0, ...run(2051), ...run(2045), ...END];
    assert.equal(decompressed(lane, Uint8Array.of(17, 1, ...tooLong)), undefined);
    const cutOff = [18, 0, ...run(2051), ...run(2044).slice(0, 3)];
    assert.equal(decompressed(lane, Uint8Array.of(17, 1, ...cutOff)), undefined);
  });

  it('refuses a version it does not know', () => {
    const stream = [17, 2, 18, 0, ...run(2051), ...run(2044), ...END];
    assert.equal(decompressed(lane, Uint8Array.from(stream)), undefined);
  });
});
