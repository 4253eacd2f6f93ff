import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { SimRt } from '../../../src/sim/engine/rt-sim.ts';
import { DeviceSim } from '../../../src/sim/world/device-sim.ts';
import { EIO, ENOSPC, OK } from '../../../src/std/errno.ts';
import { Backing } from '../../../src/swap/backing.ts';
import { BIO_PAGES, Bio } from '../../../src/swap/device/device.ts';
import { SwapTable, type SwapSlot } from '../../../src/swap/table.ts';
import { randomPage } from '../../support/chosen-pages.ts';

function setUp(pageCount: number): {
  rt: SimRt;
  device: DeviceSim;
  backing: Backing;
  transfer: (bio: Bio, write: boolean) => number;
} {
  const rt = new SimRt(1);
  const device = new DeviceSim(rt, pageCount);
  const backing = new Backing(device, rt);
  const transfer = (bio: Bio, write: boolean): number => {
    let done = 0;
    bio.onDone = () => {
      done += 1;
    };
    backing.submit(bio, write);
    rt.run(10);
    assert.equal(done, 1);
    return bio.error;
  };
  return { rt, device, backing, transfer };
}

describe('Backing', () => {
  it('gives out consecutive pages until the device is full', () => {
    const { backing } = setUp(40);
    const bio = new Bio();
    const seen = new Set<number>();
    for (;;) {
      const count = backing.allocate(bio, BIO_PAGES);
      if (count === 0) break;
      assert.equal(bio.pageCount, count);
      for (let i = 0; i < count; i += 1) seen.add(bio.devicePage + i);
      assert.equal(backing.usedPages, seen.size);
    }
    assert.deepEqual(
      [...seen].sort((a, b) => a - b),
      [...Array(40).keys()],
    );
    backing.free(17);
    assert.equal(backing.allocate(bio, 5), 1);
    assert.equal(bio.devicePage, 17);
  });

  it('tells what was written from anything else', () => {
    const { backing, transfer } = setUp(8);
    const bio = new Bio();
    backing.allocate(bio, 2);
    bio.pages[0]?.set(randomPage(1));
    bio.pages[1]?.set(randomPage(2));
    assert.equal(transfer(bio, true), OK);
    for (const index of [0, 1]) backing.acknowledge(bio, index);
    bio.bytes.fill(0);
    assert.equal(transfer(bio, false), OK);
    assert.equal(backing.verify(bio, 0), true);
    assert.equal(backing.verify(bio, 1), true);
    assert.equal(backing.checksumErrors, 0);
    const page = bio.pages[1];
    assert.ok(page !== undefined);
    page[4095] = (page[4095] ?? 0) ^ 1;
    assert.equal(backing.verify(bio, 1), false);
    assert.equal(backing.verify(bio, 0), true);
    assert.equal(backing.checksumErrors, 1);
  });

  it('is not writable from a failed write until one succeeds; failed reads do not matter', () => {
    const { backing, device, transfer } = setUp(8);
    const bio = new Bio();
    backing.allocate(bio, 1);
    assert.equal(backing.writable, true);
    backing.countError(false);
    assert.equal(backing.writable, true);
    device.writeErrors = 256;
    assert.equal(transfer(bio, true), EIO);
    backing.countError(true);
    assert.equal(backing.writable, false);
    assert.equal(backing.ioErrors, 2);
    device.writeErrors = 0;
    transfer(bio, true);
    backing.acknowledge(bio, 0);
    assert.equal(backing.writable, true);
  });

  it('tells the device of a page that it frees, and frees none twice', () => {
    const { backing, device, transfer } = setUp(8);
    const bio = new Bio();
    backing.allocate(bio, 1);
    transfer(bio, true);
    const discarded: number[] = [];
    device.discard = (page) => {
      discarded.push(page);
    };
    backing.free(bio.devicePage);
    assert.deepEqual(discarded, [bio.devicePage]);
    assert.equal(backing.usedPages, 0);
    assert.throws(() => backing.free(bio.devicePage), { name: 'InvariantError' });
  });

  it('writes where there is room while a full disk does not let the device grow', () => {
    const { rt, device, backing, transfer } = setUp(4096);
    const written = new Set<number>();
    let room = 64;
    const write = device.write.bind(device);
    device.write = (bio) => {
      const pages = Array.from({ length: bio.pageCount }, (_, i) => bio.devicePage + i);
      const fresh = pages.filter((page) => !written.has(page));
      if (fresh.length <= room) {
        room -= fresh.length;
        for (const page of pages) written.add(page);
        write(bio);
        return;
      }
      bio.error = ENOSPC;
      rt.wake({ resume: () => bio.onDone(bio) });
    };
    const bio = new Bio();
    /** Writes so many pages, with further tries where they are worth it; where, or the error. */
    const put = (wanted: number): number => {
      for (;;) {
        backing.allocate(bio, wanted);
        if (transfer(bio, true) === OK) break;
        if (!backing.refused(bio)) return -bio.error;
      }
      for (let i = 0; i < bio.pageCount; i += 1) backing.acknowledge(bio, i);
      return bio.devicePage;
    };
    assert.deepEqual([put(32), put(32), put(32), put(1)], [0, 32, -ENOSPC, -ENOSPC]);
    for (const page of [7, 8, 40]) backing.free(page);
    assert.deepEqual([put(4), bio.pageCount], [7, 2]);
    assert.equal(put(4), 40);
    assert.equal(put(4), -ENOSPC);
    assert.equal(backing.usedPages, 64);

    // What was freed has been given back to the file system, and somebody else has taken it.
    backing.free(5);
    written.delete(5);
    assert.equal(put(1), -ENOSPC);
    room = 1000;
    assert.notEqual(put(32), -ENOSPC);
    assert.equal(backing.writable, true);
    assert.equal(backing.writingPages, 0);
  });

  it('says what its tables and buffers take', () => {
    const { backing } = setUp(8);
    const before = backing.metadataBytes;
    backing.bios.take({ resume: () => {} });
    assert.equal(backing.metadataBytes - before, BIO_PAGES * 4096);
  });

  it('uses as many pages of a device as a word of the swap table can name', () => {
    const table = new SwapTable();
    for (const [devicePages, used] of [
      [8, 8],
      [2 ** 30, 2 ** 30],
      [2 ** 31, 2 ** 30],
    ] as const) {
      const { backing } = setUp(devicePages);
      assert.equal(backing.pageCount, used);
      table.setDevice(1 as SwapSlot, backing.pageCount - 1);
    }
  });
});
