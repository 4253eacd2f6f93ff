import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { present } from '../../../../src/std/assert.ts';
import { acquireDeviceLock } from '../../../../src/swap/device/device-file-lock.ts';

const identity = `test:${process.pid}`;

describe('acquireDeviceLock', () => {
  it('gives the lock of a device to one holder at a time', async () => {
    const lock = present(await acquireDeviceLock(identity));
    assert.equal(await acquireDeviceLock(identity), undefined);
    await lock.release();
    const again = present(await acquireDeviceLock(identity));
    await again.release();
  });

  it('lets different devices have their locks at the same time', async () => {
    const first = present(await acquireDeviceLock(`${identity}:1`));
    const second = present(await acquireDeviceLock(`${identity}:2`));
    await first.release();
    await second.release();
  });

  it('binds a name that every version of Node binds alike', async () => {
    const lock = present(await acquireDeviceLock(identity));
    const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
    await lock.release();
    // The kernel shows NUL as @: one in front, and none of the padding that older versions add.
    const name = present(lines.find((line) => line.includes(`/${identity}/`)))
      .split(' ')
      .at(-1);
    assert.match(present(name), /^@zswapd-device\/[^@]*$/);
    assert.equal(present(name).length, 108);
  });
});
