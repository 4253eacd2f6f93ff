import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { SimRt } from '../../../src/sim/engine/rt-sim.ts';
import { present } from '../../../src/std/assert.ts';
import { BioPool } from '../../../src/swap/bio-pool.ts';

describe('BioPool', () => {
  it('makes bios as they are needed, up to its limit, and uses them again', () => {
    const pool = new BioPool(new SimRt(1), 2);
    const task = { resume: (): void => {} };
    assert.equal(pool.metadataBytes, 0);
    const first = present(pool.take(task));
    const second = present(pool.take(task));
    assert.notEqual(first, second);
    assert.equal(pool.inUse, 2);
    const full = pool.metadataBytes;
    pool.put(first);
    assert.equal(pool.inUse, 1);
    assert.equal(pool.take(task), first);
    assert.equal(pool.metadataBytes, full);
  });

  it('keeps a bio for whoever has waited longest, though others ask meanwhile', () => {
    const rt = new SimRt(1);
    const pool = new BioPool(rt, 1);
    const woken: string[] = [];
    const task = (name: string): { resume: () => void } => ({
      resume: () => {
        woken.push(name);
      },
    });
    const bio = present(pool.take(task('owner')));
    assert.equal(pool.take(task('first')), undefined);
    assert.equal(pool.take(task('second')), undefined);
    pool.put(bio);
    assert.equal(pool.take(task('late')), undefined);
    rt.run(10);
    assert.deepEqual(woken, ['first']);
    assert.equal(pool.takePromised(), bio);
    pool.put(bio);
    rt.run(10);
    pool.put(pool.takePromised());
    rt.run(10);
    assert.deepEqual(woken, ['first', 'second', 'late']);
  });

  it('gives nothing to a task that was promised nothing', () => {
    const pool = new BioPool(new SimRt(1), 1);
    pool.put(present(pool.take({ resume: () => {} })));
    assert.throws(() => pool.takePromised(), { name: 'InvariantError' });
  });
});
