import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Bio } from '../../../../src/swap/device/device.ts';
import { RamDevice } from '../../../../src/swap/device/device-ram.ts';
import { NodeRt } from '../../../../src/rt/rt-node.ts';
import { transfer } from '../../../support/storage.ts';

const rt = new NodeRt();
const CHUNK_BYTES = 1_048_576;

describe('RamDevice', () => {
  it('holds memory only for chunks that were written', async () => {
    const device = new RamDevice({ pageCount: 1000, rt });
    assert.equal(device.heldBytes(), 0);
    await transfer(device, new Bio(), 'read', 500, 4);
    assert.equal(device.heldBytes(), 0);
    await transfer(device, new Bio(), 'write', 255, 2);
    assert.equal(device.heldBytes(), 2 * CHUNK_BYTES);
  });

  it('gives a chunk back when its last page is discarded', async () => {
    const device = new RamDevice({ pageCount: 1000, rt });
    await transfer(device, new Bio(), 'write', 10, 3);
    device.discard(10, 2);
    assert.equal(device.heldBytes(), CHUNK_BYTES);
    device.discard(12, 1);
    assert.equal(device.heldBytes(), 0);
  });

  it('moves the bytes of a write when it completes', async () => {
    const device = new RamDevice({ pageCount: 8, rt });
    const bio = new Bio();
    const written = transfer(device, bio, 'write', 0, 1);
    bio.bytes[0] = 77;
    await written;
    const back = await transfer(device, new Bio(), 'read', 0, 1);
    assert.equal(back.bytes[0], 77);
  });

  it('refuses to close with requests in flight', () => {
    const device = new RamDevice({ pageCount: 8, rt });
    void transfer(device, new Bio(), 'write', 0, 1);
    assert.throws(() => void device.close(), /in flight/);
  });

  it('refuses a page count that is none', () => {
    for (const pageCount of [0, -1, 1.5]) {
      assert.throws(() => new RamDevice({ pageCount, rt }), RangeError);
    }
  });
});
