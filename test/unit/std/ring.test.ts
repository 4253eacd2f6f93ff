import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Ring } from '../../../src/std/ring.ts';

describe('Ring', () => {
  it('gives items back in the order they came, whatever the mixture of pushes and shifts', () => {
    // Positive: push that many; negative: shift that many. Long runs make it grow while wrapped.
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -40, max: 50 }), { maxLength: 30, size: 'max' }),
        (runs) => {
          const ring = new Ring<number>();
          const model: number[] = [];
          let next = 0;
          for (const run of runs) {
            for (let i = 0; i < Math.abs(run); i += 1) {
              if (run > 0) {
                ring.push(next);
                model.push(next);
                next += 1;
              } else assert.equal(ring.shift(), model.shift());
              assert.equal(ring.length, model.length);
            }
          }
          while (model.length > 0) assert.equal(ring.shift(), model.shift());
          assert.equal(ring.shift(), undefined);
        },
      ),
    );
  });
});
