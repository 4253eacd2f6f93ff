import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FRAME_END,
  frameOwner,
  heldUnder,
  lastFrameWord,
  nextFrame,
  OWNERS_MAX,
  withNextFrame,
} from '../../../src/zpool/frame-word.ts';

describe('the word of a frame', () => {
  for (const owner of [1, 63, 64, OWNERS_MAX]) {
    it(`tells the index of the chain and owner ${owner}`, () => {
      for (const index of [1, FRAME_END - 1]) {
        const word = lastFrameWord(owner, index) >>> 0;
        assert.equal(frameOwner(word), owner);
        assert.equal(nextFrame(word), 0);
        assert.equal(heldUnder(word), index);
      }
    });

    it(`tells the next frame in place of the index, and owner ${owner} still`, () => {
      for (const frame of [1, FRAME_END - 1]) {
        const word = withNextFrame(lastFrameWord(owner, FRAME_END - 1), frame) >>> 0;
        assert.equal(frameOwner(word), owner);
        assert.equal(nextFrame(word), frame);
        assert.equal(nextFrame(withNextFrame(word, 5)), 5);
      }
    });
  }

  it('is without an owner for a free frame, whose word is a place in its chunk', () => {
    for (const place of [0, 1, 0xffff]) assert.equal(frameOwner(place), 0);
  });
});
