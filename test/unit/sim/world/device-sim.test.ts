import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { SimRt } from '../../../../src/sim/engine/rt-sim.ts';
import { DeviceSim } from '../../../../src/sim/world/device-sim.ts';
import { EIO, OK } from '../../../../src/std/errno.ts';
import { Bio } from '../../../../src/swap/device/device.ts';
import { randomPage } from '../../../support/chosen-pages.ts';

function setUp(): { rt: SimRt; device: DeviceSim } {
  const rt = new SimRt(1);
  return { rt, device: new DeviceSim(rt, 8) };
}

function bioAt(devicePage: number, pageCount: number): Bio {
  const bio = new Bio();
  bio.devicePage = devicePage;
  bio.pageCount = pageCount;
  return bio;
}

describe('DeviceSim', () => {
  it('gives back what was written', () => {
    const { rt, device } = setUp();
    const bio = bioAt(2, 2);
    bio.pages[0]?.set(randomPage(1));
    bio.pages[1]?.set(randomPage(2));
    device.write(bio);
    rt.run(10);
    const back = bioAt(3, 1);
    device.read(back);
    rt.run(10);
    assert.equal(back.error, OK);
    assert.deepEqual(back.pages[0], randomPage(2));
  });

  it('never completes from inside submit, and completes in any order', () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 30; seed += 1) {
      const rt = new SimRt(seed);
      const device = new DeviceSim(rt, 8);
      let order = '';
      for (const page of [0, 1, 2]) {
        const bio = bioAt(page, 1);
        bio.onDone = () => {
          order += String(page);
        };
        device.write(bio);
      }
      assert.equal(order, '');
      rt.run(10);
      orders.add(order);
    }
    assert.equal(orders.size, 6);
  });

  it('fails as often as it is told to', () => {
    const { rt, device } = setUp();
    device.writeErrors = 256;
    const bio = bioAt(0, 1);
    device.write(bio);
    rt.run(10);
    assert.equal(bio.error, EIO);
    device.writeErrors = 0;
    device.write(bio);
    rt.run(10);
    assert.equal(bio.error, OK);
  });

  const conflicts: Record<string, [(device: DeviceSim) => void, (device: DeviceSim) => void]> = {
    'a read of a page that is written': [(d) => d.write(bioAt(0, 4)), (d) => d.read(bioAt(3, 1))],
    'two writes of a page': [(d) => d.write(bioAt(0, 4)), (d) => d.write(bioAt(2, 4))],
    'a write of a page that is read': [(d) => d.read(bioAt(0, 4)), (d) => d.write(bioAt(3, 1))],
    'a discard of a page that is read': [(d) => d.read(bioAt(1, 1)), (d) => d.discard(0, 4)],
    'a discard of a page that is written': [(d) => d.write(bioAt(1, 1)), (d) => d.discard(0, 4)],
  };
  for (const [what, [first, second]] of Object.entries(conflicts)) {
    it(`catches ${what}, as long as the first request is under way`, () => {
      const { rt, device } = setUp();
      first(device);
      assert.throws(() => second(device), { name: 'InvariantError' });
      const other = setUp();
      first(other.device);
      other.rt.run(10);
      second(other.device);
      assert.equal(rt.idle, false);
    });
  }

  it('lets reads of a page overlap', () => {
    const { rt, device } = setUp();
    device.read(bioAt(0, 2));
    device.read(bioAt(1, 2));
    rt.run(10);
    assert.equal(rt.idle, true);
  });

  it('holds no bytes of storage and closes when asked', async () => {
    const { rt, device } = setUp();
    assert.equal(device.heldBytes(), 0);
    const closed = device.close();
    rt.run(10);
    await closed;
  });
});
