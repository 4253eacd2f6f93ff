import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { SLICE_MS } from '../../../src/rt/pace.ts';
import type { Rt, Task } from '../../../src/rt/rt.ts';
import { Slice } from '../../../src/rt/slice.ts';

const TASK: Task = { resume: () => {} };

/** A runtime whose clock the test moves, and which counts who has yielded. */
function clock(): { rt: Rt; advance: (ms: number) => void; yields: () => number } {
  let now = 0;
  let yields = 0;
  const rt: Pick<Rt, 'nowMs' | 'yieldTask'> = {
    nowMs: () => now,
    yieldTask: () => void (yields += 1),
  };
  return { rt: rt as Rt, advance: (ms) => void (now += ms), yields: () => yields };
}

describe('Slice', () => {
  it('goes on while the slice is not over, and parks the task when it is', () => {
    const { rt, advance, yields } = clock();
    const slice = new Slice(rt);
    slice.begin();
    assert.equal(slice.isOver(TASK), false);
    assert.equal(slice.isOver(TASK), false);
    advance(SLICE_MS);
    let pieces = 0;
    while (!slice.isOver(TASK)) pieces += 1;
    assert.ok(pieces < 16);
    assert.equal(yields(), 1);
  });

  it('begins anew when the task runs again', () => {
    const { rt, advance, yields } = clock();
    const slice = new Slice(rt);
    slice.begin();
    advance(SLICE_MS * 3);
    while (!slice.isOver(TASK));
    slice.begin();
    for (let i = 0; i < 50; i += 1) assert.equal(slice.isOver(TASK), false);
    assert.equal(yields(), 1);
  });
});
