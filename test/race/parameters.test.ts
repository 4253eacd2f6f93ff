/**
 * Goal: parameters may change at any moment without a page lost or a charge gone wrong. Method: the
 * races of one disk, with somebody who turns every knob at random between any two sections; at the
 * end everything is trimmed and only what is still chosen may be left.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Memcg } from '../../src/memcg/memcg.ts';
import type { Prng } from '../../src/std/prng.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { ZPOOLS, createZpool } from '../../src/zpool/open.ts';
import type { HandleCells, Zpool } from '../../src/zpool/zpool.ts';
import { races, type Race } from '../support/disk-race.ts';
import type { TestMachine } from '../support/machine.ts';
import { createWordCodec } from '../support/word-codec.ts';

type Knob = (machine: TestMachine, memcg: Memcg, prng: Prng) => void;

const enabled: Knob = (machine) => {
  machine.params.enabled = !machine.params.enabled;
};

const poolLimit: Knob = (machine, _memcg, prng) => {
  machine.params.poolBytes = ([0, 2, 5, 1000][prng.below(4)] ?? 0) * PAGE_SIZE;
};

const groupLimit: Knob = (_machine, memcg, prng) => {
  memcg.setZswapMax([0, PAGE_SIZE, 3 * PAGE_SIZE, Infinity][prng.below(4)] ?? 0);
};

const writeback: Knob = (_machine, memcg) => {
  memcg.setWriteback(!memcg.writeback);
};

const policy: Knob = ({ params }) => {
  params.shrinkerPolicy = params.shrinkerPolicy === 'protected' ? 'second_chance' : 'protected';
};

const pool: Knob = (machine, memcg, prng) => {
  const name = ZPOOLS[prng.below(ZPOOLS.length)] ?? 'zsmalloc';
  const codec = createWordCodec(prng.below(3));
  const create = (cells: HandleCells): Zpool => createZpool(name, machine.arena, cells);
  const choice = prng.below(4);
  if (choice < 2) machine.zswap.setCurrentPool(codec, name, create);
  else if (choice === 2) machine.zswap.setGroupPool(memcg, codec, name, create);
  else machine.zswap.clearGroupPool(memcg);
};

/** Turns one of the knobs now and then. */
function sometimes(...knobs: readonly Knob[]): Knob {
  return (machine, memcg, prng) => {
    if (!prng.chance(1, 6)) return;
    knobs[prng.below(knobs.length)]?.(machine, memcg, prng);
  };
}

/** Nothing is left but the pools that are chosen. */
function checkPools({ machine }: Race): void {
  const left = [...machine.zswap.pools.pools()];
  assert.ok(left.length <= 2);
  const references = left.reduce((sum, each) => sum + each.references, 0);
  assert.ok(references === 1 || references === 2, `${references} references`);
}

describe('parameters switched while requests run', () => {
  it('loses nothing when the compressor and the allocator change', () => {
    let full = 0;
    races({ devicePages: 64, poolPages: 6, meddle: sometimes(pool) }, (race) => {
      race.run();
      checkPools(race);
      full += race.machine.zswap.stats.rejects.pool_limit;
    });
    assert.ok(full > 0, 'the pool never filled');
  });

  it('loses nothing when zswap is switched off and on', () => {
    let refused = 0;
    races({ devicePages: 64, meddle: sometimes(enabled) }, (race) => {
      race.run();
      refused += race.machine.zswap.stats.rejects.disabled;
    });
    assert.ok(refused > 0);
  });

  it('loses nothing when the pool limit goes to 0 and back', () => {
    let refused = 0;
    races({ devicePages: 64, meddle: sometimes(poolLimit) }, (race) => {
      race.run();
      refused += race.machine.zswap.stats.rejects.pool_limit;
    });
    assert.ok(refused > 0);
  });

  it('loses nothing when the limit and the writeback of a group change', () => {
    let refused = 0;
    races({ devicePages: 64, meddle: sometimes(groupLimit, writeback) }, (race) => {
      race.run();
      refused += race.machine.zswap.stats.rejects.memcg_limit;
    });
    assert.ok(refused > 0);
  });

  it('loses nothing when the shrinker changes its mind about what is warm', () => {
    let written = 0;
    races({ devicePages: 64, poolPages: 6, meddle: sometimes(policy) }, (race) => {
      race.run();
      written += race.machine.zswap.stats.written_back_pages;
    });
    assert.ok(written > 0, 'nothing was written back');
  });

  it('loses nothing when everything changes, without a device or with one that fails', () => {
    const meddle = sometimes(enabled, poolLimit, groupLimit, writeback, pool, policy);
    races({ meddle }, (race) => {
      race.run();
      checkPools(race);
    });
    races({ meddle, devicePages: 20, biosInFlight: 2 }, (race) => {
      assert.ok(race.machine.device !== undefined);
      race.machine.device.writeErrors = 40;
      race.machine.device.readErrors = 20;
      race.run();
      checkPools(race);
    });
  });

  it('loses nothing when objects are moved together all the time, in pools old and new', () => {
    let moved = 0;
    const meddle: Knob = (machine, memcg, prng) => {
      sometimes(pool)(machine, memcg, prng);
      if (machine.zswap.compactor.running) moved += 1;
    };
    races({ devicePages: 64, compactAfterEntries: 1, meddle }, (race) => {
      race.run();
      checkPools(race);
    });
    assert.ok(moved > 0, 'compaction never ran');
  });
});
