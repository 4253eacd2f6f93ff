/**
 * Goal: whatever actors do to regions that share folios, frames and slots, each reads what it wrote
 * last. This is the test that memory larger than RAM has to pass: random operations of many actors
 * against a flat model, with limits so small that everything swaps, copies made in the middle of
 * operations, device errors, entries that cannot be decompressed, compressor switches, limits that
 * change, groups that go, swap areas that are removed and added.
 *
 * Method: random interleavings over a simulated runtime and device; all invariants are checked on
 * the way, and in the end everything is read once more and given back. A failing run prints its
 * options, and the seed repeats it. `MM_SEEDS` runs from seed `MM_SEED` of `MM_STEPS` operations
 * each; a million of them is `MM_SEEDS=1 MM_STEPS=1000000`.
 */
import { describe, it } from 'node:test';
import { assertWorked, Trial, type TrialOptions } from '../support/address-space-trial.ts';

const SEEDS = Number(process.env['MM_SEEDS'] ?? 12);
const SEED = Number(process.env['MM_SEED'] ?? 1);
const STEPS = Number(process.env['MM_STEPS'] ?? 500);

type Mode = Pick<TrialOptions, 'swapinMode' | 'largeSwapin' | 'disturbed'>;

function optionsOf(seed: number, mode: Mode): TrialOptions {
  return {
    ...mode,
    seed,
    actors: 1 + (seed % 4),
    pages: 16 + (seed % 3) * 16,
    frames: 5 + (seed % 5) * 3,
    poolPages: seed % 4 === 3 ? 1000 : 3 + (seed % 3),
    devicePages: seed % 7 === 6 ? 8 : 400,
    orderMax: seed % 2 === 0 ? 0 : 1 + (seed % 3),
    steps: STEPS,
  };
}

describe('address space', () => {
  for (const swapinMode of ['cache', 'direct'] as const) {
    for (const largeSwapin of ['mixed', 'never-with-zswap'] as const) {
      for (const disturbed of [false, true]) {
        const mode = { swapinMode, largeSwapin, disturbed };
        const how = `${swapinMode}, large folios ${largeSwapin}${disturbed ? ', disturbed' : ''}`;
        it(`reads what was written last (${how})`, () => {
          for (let seed = SEED; seed < SEED + SEEDS; seed += 1) {
            const options = optionsOf(seed, mode);
            try {
              const trial = new Trial(options);
              trial.run();
              if (!disturbed) assertWorked(trial);
            } catch (error) {
              throw new Error(`with ${JSON.stringify(options)}`, { cause: error });
            }
          }
        });
      }
    }
  }
});
