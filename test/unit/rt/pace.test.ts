import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Pace, SLICE_MS, STRIDE_MAX } from '../../../src/rt/pace.ts';

/** A pace that has learned that pieces are short. */
function quickPace(): Pace {
  const pace = new Pace();
  for (let looks = 0; looks < 10; looks += 1) pace.isOver(0.001);
  return pace;
}

describe('Pace', () => {
  it('begins with a look after each piece', () => {
    assert.equal(new Pace().stride, 1);
  });

  it('says that a slice is over when it is', () => {
    const pace = new Pace();
    assert.equal(pace.isOver(0), false);
    assert.equal(pace.isOver(SLICE_MS * 0.9), false);
    assert.equal(pace.isOver(SLICE_MS), true);
  });

  it('looks after each piece where pieces are long, and rarely where they are short', () => {
    const pace = quickPace();
    assert.equal(pace.stride, STRIDE_MAX);
    pace.isOver(STRIDE_MAX * 2);
    assert.equal(pace.stride, 1);
    for (let looks = 0; looks < 10; looks += 1) pace.isOver(0.001);
    assert.equal(pace.stride, STRIDE_MAX);
  });

  it('keeps its stride when a slice is only a little too long', () => {
    const pace = quickPace();
    pace.isOver(SLICE_MS * 1.5);
    assert.equal(pace.stride, STRIDE_MAX);
  });
});
