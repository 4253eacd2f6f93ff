import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { MEMCG_EVENTS } from '../../../src/memcg/memcg.ts';
import { createVmstat } from '../../../src/swap/vmstat.ts';

describe('createVmstat', () => {
  it('counts from 0, for each engine on its own, what is counted for each group', () => {
    const vmstat = createVmstat();
    assert.deepEqual(Object.keys(vmstat).sort(), [...MEMCG_EVENTS].sort());
    vmstat.zswpin += 1;
    assert.deepEqual(new Set(Object.values(createVmstat())), new Set([0]));
  });
});
