import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHUNK_BYTES, CHUNK_FRAMES, FrameChunk, ORDER_MAX } from '../../../src/page/frame-chunk.ts';

const BROKEN = { name: 'InvariantError' };

describe('FrameChunk', () => {
  for (let order = 0; order <= ORDER_MAX; order += 1) {
    it(`gives out all its blocks of order ${order}, lowest first, and is whole again after`, () => {
      const chunk = new FrameChunk();
      const places: number[] = [];
      while (chunk.largestFree >= order) places.push(chunk.take(order));
      assert.deepEqual(
        places,
        Array.from({ length: CHUNK_FRAMES >> order }, (_, block) => block << order),
      );
      assert.equal(chunk.largestFree, -1);
      assert.equal(chunk.freeFrames, 0);
      // Odd ones first, so that the others find their buddies free.
      for (const parity of [1, 0]) {
        for (const place of places) if (((place >> order) & 1) === parity) chunk.give(place, order);
      }
      assert.equal(chunk.freeFrames, CHUNK_FRAMES);
      assert.equal(chunk.largestFree, ORDER_MAX);
    });
  }

  it('splits the smallest block that is large enough', () => {
    const chunk = new FrameChunk();
    assert.equal(chunk.take(4), 0);
    assert.equal(chunk.take(0), 16);
    chunk.give(0, 4);
    assert.equal(chunk.take(0), 17);
    assert.equal(chunk.take(1), 18);
    assert.equal(chunk.take(4), 0);
  });

  it('merges with the buddy only, not with the other neighbour', () => {
    const chunk = new FrameChunk();
    for (let place = 0; place < CHUNK_FRAMES; place += 1) chunk.take(0);
    chunk.give(1, 0);
    chunk.give(2, 0);
    assert.equal(chunk.largestFree, 0);
    chunk.give(3, 0);
    assert.equal(chunk.largestFree, 1);
    chunk.give(0, 0);
    assert.equal(chunk.largestFree, 2);
  });

  it('lets a split block be given back frame by frame', () => {
    const chunk = new FrameChunk();
    const place = chunk.take(3);
    chunk.split(place, 3);
    assert.throws(() => chunk.give(place, 3), BROKEN);
    for (let frame = 0; frame < 8; frame += 1) chunk.give(place + frame, 0);
    assert.equal(chunk.largestFree, ORDER_MAX);
  });

  it('refuses to give back what was not taken so', () => {
    const chunk = new FrameChunk();
    const place = chunk.take(2);
    assert.throws(() => chunk.give(place, 1), BROKEN, 'part of a block');
    assert.throws(() => chunk.give(place, 3), BROKEN, 'more than a block');
    assert.throws(() => chunk.give(place + 1, 0), BROKEN, 'a frame within');
    assert.throws(() => chunk.give(place + 1, 2), BROKEN, 'unaligned');
    assert.throws(() => chunk.give(place, 10), BROKEN, 'an order too large');
    assert.throws(() => chunk.give(place, -1), BROKEN, 'no order');
    assert.throws(() => chunk.split(place, 1), BROKEN, 'split of another order');
    chunk.give(place, 2);
    assert.throws(() => chunk.give(place, 2), BROKEN, 'twice');
    assert.throws(() => chunk.split(place, 2), BROKEN, 'split of a free block');
  });

  it('refuses a take that it has no room for', () => {
    const chunk = new FrameChunk();
    chunk.take(9);
    assert.throws(() => chunk.take(0), BROKEN);
  });

  it('keeps one view a frame, empty while released', () => {
    const chunk = new FrameChunk();
    assert.equal(chunk.take(0), 0);
    assert.equal(chunk.take(0), 1);
    const view = chunk.view(1);
    assert.equal(chunk.view(1), view);
    assert.equal(view.length, 4096);
    chunk.bytes[4096] = 7;
    assert.equal(view[0], 7);
    chunk.give(0, 0);
    chunk.give(1, 0);
    chunk.release();
    assert.equal(chunk.bytes.length, 0);
    assert.equal(view.length, 0);
    chunk.grow();
    assert.equal(chunk.bytes.length, CHUNK_BYTES);
    chunk.take(1);
    assert.equal(chunk.view(1), view);
    assert.equal(view.length, 4096);
  });

  it('is released only when wholly free, and grown only when released', () => {
    const chunk = new FrameChunk();
    assert.throws(() => chunk.grow(), BROKEN);
    chunk.take(0);
    assert.throws(() => chunk.release(), BROKEN);
  });

  it('counts a view as metadata once', () => {
    const chunk = new FrameChunk();
    const before = chunk.metadataBytes;
    assert.ok(before < 4 * CHUNK_FRAMES, `${before} bytes`);
    chunk.take(1);
    chunk.view(0);
    const one = chunk.metadataBytes - before;
    assert.ok(one > 0);
    chunk.view(0);
    chunk.view(1);
    assert.equal(chunk.metadataBytes, before + 2 * one);
  });
});
