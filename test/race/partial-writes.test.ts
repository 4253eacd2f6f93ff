/**
 * Goal: writes of parts of a page lose nothing of one another. Method: clients that own disjoint
 * byte ranges of the same pages, some across two pages; see `support/range-race.ts`.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { forSeeds } from '../support/disk-race.ts';
import { RangeRace, type RangeRaceOptions } from '../support/range-race.ts';

function rangeRaces(options: RangeRaceOptions, body: (race: RangeRace) => void): void {
  forSeeds((seed) => body(new RangeRace(seed, options)));
}

describe('races of writes to parts of the same pages', () => {
  it('keep every range as its owner left it while pages fit in the pool', () => {
    rangeRaces({}, (race) => race.run(12));
  });

  it('do so while pages go to the device and come back from it', () => {
    let read = 0;
    rangeRaces({ poolPages: 2, devicePages: 16, biosInFlight: 2 }, (race) => {
      race.run(12);
      read += race.machine.swap.vmstat.pswpin;
    });
    assert.ok(read > 0);
  });

  it('do so while zswap takes nothing at all', () => {
    rangeRaces({ poolPages: 0, devicePages: 16 }, (race) => race.run(12));
  });

  it('do so while the device fails and some are refused', () => {
    let refused = 0;
    rangeRaces({ poolPages: 1, devicePages: 10 }, (race) => {
      assert.ok(race.machine.device !== undefined);
      race.machine.device.writeErrors = 50;
      race.machine.device.readErrors = 30;
      race.run(12);
      refused += race.refused;
    });
    assert.ok(refused > 0);
  });
});
