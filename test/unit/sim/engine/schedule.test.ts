import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatSchedule, parseSchedule } from '../../../../src/sim/engine/schedule.ts';

describe('a replay string', () => {
  it('gives back the schedule it was made from', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 0xffff_ffff })), (schedule) => {
        const text = formatSchedule(schedule);
        assert.match(text, /^[a-z2-7]*$/);
        assert.deepEqual(parseSchedule(text), schedule);
      }),
    );
  });

  it('is short for small choices', () => {
    assert.equal(formatSchedule([]), '');
    assert.equal(formatSchedule([0, 1, 2, 1, 0]).length, 8);
  });

  it('is refused if it is none, or is cut, or holds too large a number', () => {
    assert.throws(() => parseSchedule('aa9'), /'9' is not part/);
    assert.throws(() => parseSchedule(formatSchedule([300]).slice(0, 2)), /cut/);
    assert.throws(() => parseSchedule('77777777777777aa'), /32-bit|cut/);
  });
});
