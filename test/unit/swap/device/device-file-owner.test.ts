import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ownerState, selfOwner } from '../../../../src/swap/device/device-file-owner.ts';

describe('ownerState', () => {
  it('finds this process alive', async () => {
    const self = await selfOwner();
    assert.equal(self.pid, process.pid);
    assert.equal(await ownerState(self), 'alive');
  });

  it('does not take a process with the same number for the owner', async () => {
    const self = await selfOwner();
    assert.equal(await ownerState({ ...self, startTicks: self.startTicks - 1 }), 'dead');
  });

  it('takes an owner from before the last boot for dead', async () => {
    const self = await selfOwner();
    const bootId = '00000000-0000-0000-0000-000000000000';
    assert.equal(await ownerState({ ...self, bootId }), 'dead');
  });

  it('takes a number that no process has for dead', async () => {
    const self = await selfOwner();
    // Above the largest number that the kernel ever gives.
    assert.equal(await ownerState({ ...self, pid: 2 ** 22 + 1 }), 'dead');
  });

  it('says nothing about a process of another PID namespace', async () => {
    const self = await selfOwner();
    assert.equal(await ownerState({ ...self, pidNamespace: 1 }), 'unknown');
  });
});
