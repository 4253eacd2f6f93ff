/**
 * The LZO kernel against the format, version 0: streams of another implementation, a plain decoder
 * written from the description, and streams written by hand at the format's limits.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLzo } from '../../../src/codec/lzo.ts';
import { decodeLzo } from '../../support/lzo-reference.ts';
import { SHARED_PAGES_MISSING, generatePages, sharedPages } from '../../support/pages.ts';
import { compressed, decompressed, foreignStreams } from '../../support/streams.ts';

const PAGE = 4096;
const END = [0x11, 0, 0];

/** One literal, then a near copy of `length` bytes from `distance` back, then the end. */
function streamOfOneByte(byte: number, distance: number, length: number): Uint8Array {
  const bytes = [18, byte, 0x20];
  let rest = length - 33;
  for (; rest > 255; rest -= 255) bytes.push(0);
  const operand = (distance - 1) << 2;
  return Uint8Array.from([...bytes, rest, operand & 255, operand >> 8, ...END]);
}

function assertStreamsFollowTheFormat(pages: readonly Uint8Array[]): void {
  const lane = createLzo().createLane();
  for (const page of pages) {
    const stream = compressed(lane, page);
    if (stream === undefined) continue;
    const { bytes, version } = decodeLzo(stream);
    assert.equal(version, 0);
    assert.ok(Buffer.from(bytes).equals(page));
    assert.ok(Buffer.from(decompressed(lane, stream) ?? []).equals(page));
  }
}

describe('lzo compression', () => {
  it('makes streams that a decoder written from the description reads', () => {
    assertStreamsFollowTheFormat(generatePages(40).map(({ bytes }) => bytes));
  });

  const real = sharedPages();
  it('does so with real pages', { skip: real ? false : SHARED_PAGES_MISSING }, () => {
    assertStreamsFollowTheFormat(real ?? []);
  });
});

describe('lzo decompression', () => {
  for (const { name, stream, page } of foreignStreams('lzo')) {
    it(`reads ${name} of liblzo2`, () => {
      const result = decompressed(createLzo().createLane(), stream);
      assert.ok(Buffer.from(result ?? []).equals(page));
    });
  }

  it('is tried with every instruction of version 0 that a page can need', () => {
    const met = new Set(
      foreignStreams('lzo').flatMap((f) => [...decodeLzo(f.stream).counts.keys()]),
    );
    assert.deepEqual([...met].sort(), [
      'copy of 2',
      'copy of 3 beyond 2 KiB',
      'first literals',
      'literals',
      'near copy',
      'short copy',
    ]);
  });

  const lane = createLzo().createLane();
  it('takes a stream that fills the page exactly', () => {
    const result = decompressed(lane, streamOfOneByte(7, 1, PAGE - 1));
    assert.deepEqual(result, new Uint8Array(PAGE).fill(7));
  });

  it('refuses a stream one byte short or one byte long', () => {
    assert.equal(decompressed(lane, streamOfOneByte(7, 1, PAGE - 2)), undefined);
    assert.equal(decompressed(lane, streamOfOneByte(7, 1, PAGE)), undefined);
  });

  it('refuses a distance before the page', () => {
    assert.equal(decompressed(lane, streamOfOneByte(7, 2, PAGE - 1)), undefined);
    assert.equal(decompressed(lane, streamOfOneByte(7, 16384, PAGE - 1)), undefined);
    // A far copy: no page has anything there.
    assert.equal(decompressed(lane, Uint8Array.of(18, 7, 0x19, 4, 0, ...END)), undefined);
  });

  it('refuses a stream without its end, and bytes after it', () => {
    const stream = streamOfOneByte(7, 1, PAGE - 1);
    for (let length = 1; length < stream.length; length++) {
      assert.equal(decompressed(lane, stream.subarray(0, length)), undefined);
    }
    assert.equal(decompressed(lane, Uint8Array.of(...stream, 0)), undefined);
  });

  it('refuses an empty page, lengths without end, and literals that are not all there', () => {
    assert.equal(decompressed(lane, Uint8Array.from(END)), undefined);
    assert.equal(decompressed(lane, new Uint8Array(PAGE - 1)), undefined);
    assert.equal(decompressed(lane, Uint8Array.of(255, 1, 2, 3, ...END)), undefined);
    assert.equal(decompressed(lane, Uint8Array.of(0, 200, 1, 2, 3, ...END)), undefined);
  });
});
