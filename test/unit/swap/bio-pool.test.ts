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
    assert.equal(pool.take(task), undefined);
    assert.equal(pool.inUse, 2);
    const full = pool.metadataBytes;
    assert.equal(full, 2 * 128 * 1024);
    pool.put(first);
    assert.equal(pool.takePromised(), first);
    assert.equal(pool.metadataBytes, full);
  });
});
