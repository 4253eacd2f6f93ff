/**
 * The LZ4 kernel against the format: streams of another implementation, a plain decoder written
 * from the description, and blocks written by hand at the format's limits.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLz4 } from '../../../src/codec/lz4.ts';
import { decodeLz4 } from '../../support/lz4-reference.ts';
import { SHARED_PAGES_MISSING, generatePages, sharedPages } from '../../support/pages.ts';
import { compressed, decompressed, foreignStreams } from '../../support/streams.ts';

const PAGE = 4096;

/** A block of one literal, a match of the rest but five bytes, and five literals, all `byte`. */
function blockOfOneByte(byte: number, distance: number, matchLength: number): Uint8Array {
  const extension = matchLength - 4 - 15;
  const bytes = [0x1f, byte, distance & 255, distance >> 8];
  for (let rest = extension; rest >= 0; rest -= 255) bytes.push(Math.min(rest, 255));
  return Uint8Array.from([...bytes, 0x50, byte, byte, byte, byte, byte]);
}

function assertStreamsFollowTheFormat(pages: readonly Uint8Array[]): void {
  const lane = createLz4().createLane();
  for (const page of pages) {
    const stream = compressed(lane, page);
    if (stream === undefined) continue;
    assert.ok(Buffer.from(decodeLz4(stream)).equals(page));
    assert.ok(Buffer.from(decompressed(lane, stream) ?? []).equals(page));
  }
}

describe('lz4 compression', () => {
  it('makes blocks that a decoder written from the description reads', () => {
    assertStreamsFollowTheFormat(generatePages(40).map(({ bytes }) => bytes));
  });

  const real = sharedPages();
  it('does so with real pages', { skip: real ? false : SHARED_PAGES_MISSING }, () => {
    assertStreamsFollowTheFormat(real ?? []);
  });

  it('makes a zero page 26 bytes', () => {
    assert.equal(createLz4().createLane().compress(new Uint8Array(PAGE)), 26);
  });
});

describe('lz4 decompression', () => {
  for (const { name, stream, page } of foreignStreams('lz4')) {
    it(`reads ${name} of liblz4`, () => {
      const result = decompressed(createLz4().createLane(), stream);
      assert.ok(Buffer.from(result ?? []).equals(page));
    });
  }

  const lane = createLz4().createLane();
  it('takes a block that fills the page exactly', () => {
    const result = decompressed(lane, blockOfOneByte(7, 1, PAGE - 6));
    assert.deepEqual(result, new Uint8Array(PAGE).fill(7));
  });

  it('refuses a block one byte short or one byte long', () => {
    assert.equal(decompressed(lane, blockOfOneByte(7, 1, PAGE - 7)), undefined);
    assert.equal(decompressed(lane, blockOfOneByte(7, 1, PAGE - 5)), undefined);
  });

  it('refuses a distance of zero or before the page', () => {
    assert.equal(decompressed(lane, blockOfOneByte(7, 0, PAGE - 6)), undefined);
    assert.equal(decompressed(lane, blockOfOneByte(7, 2, PAGE - 6)), undefined);
    assert.equal(decompressed(lane, blockOfOneByte(7, 0xffff, PAGE - 6)), undefined);
  });

  it('refuses a block that ends in a match, in a distance or in a length', () => {
    const block = blockOfOneByte(7, 1, PAGE - 1);
    for (let length = 1; length <= block.length - 6; length++) {
      assert.equal(decompressed(lane, block.subarray(0, length)), undefined);
    }
  });

  it('refuses lengths without end', () => {
    const bytes = new Uint8Array(PAGE - 1).fill(255);
    assert.equal(decompressed(lane, bytes), undefined);
    bytes.set([0x1f, 7, 1, 0]);
    assert.equal(decompressed(lane, bytes), undefined);
  });

  it('refuses literals that are not all there', () => {
    assert.equal(decompressed(lane, Uint8Array.of(0xf0, 200, 1, 2, 3)), undefined);
    assert.equal(decompressed(lane, Uint8Array.of(0x40, 1, 2)), undefined);
  });
});
