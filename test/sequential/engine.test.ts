/**
 * Goal: the engine does what it should while nothing overlaps. Method: one operation at a time,
 * each to its end with all that it sets going, against a model of what every page holds, where it
 * is and what may be left.
 *
 * The same suite is run over each mutant (`mutants.test.ts`), so it lives where a copy of the
 * engine can be put under it: what plays the plans is `src/sim/sequential`.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { play } from '../../src/sim/sequential/play.ts';
import { ANY_PLAN, NAMED_PLANS } from '../support/sequential-plans.ts';

describe('the engine, one operation at a time', () => {
  for (const { name, plan, atEnd } of NAMED_PLANS) {
    it(name, async () => {
      assert.equal(await play(plan, { seed: 1, atEnd }), undefined);
    });
  }

  it('does what the model says, in plans of any operations', async () => {
    const seeds = fc.integer({ min: 0, max: 1000 });
    const property = fc.asyncProperty(ANY_PLAN, seeds, async (plan, seed) => {
      assert.equal(await play(plan, { seed }), undefined);
    });
    await fc.assert(property, { numRuns: 400 });
  });
});
