import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { EIO, ENOSPC } from '../../../src/std/errno.ts';
import type { Bio } from '../../../src/swap/device/device.ts';
import { submit } from '../../support/client.ts';
import { DiskMachine } from '../../support/disk-machine.ts';
import { joined, wordPage } from '../../support/chosen-pages.ts';

const words = (first: number, count: number): Uint8Array =>
  joined(...Array.from({ length: count }, (_, i) => wordPage(first + i)));

describe('flush of refused pages', () => {
  it('writes neighbours in one run and gives their slots over to the device', () => {
    const machine = new DiskMachine({ devicePages: 64 });
    const writes: number[] = [];
    const write = machine.spill.write.bind(machine.spill);
    machine.spill.write = (bio) => {
      writes.push(bio.pageCount);
      write(bio);
    };
    assert.equal(machine.spillPages(0, words(1, 40)), 0);
    assert.deepEqual(writes, [32, 8]);
    assert.equal(machine.swap.vmstat.pswpout, 40);
    assert.equal(machine.memcg.events.pswpout, 40);
    assert.equal(machine.swap.backing?.usedPages, 40);
    assert.deepEqual(machine.read(0, 40), words(1, 40));
  });

  it('shows nobody anything but the older copies until the device has acknowledged', () => {
    const machine = new DiskMachine({ devicePages: 64 });
    machine.write(0, words(1, 2));
    machine.params.enabled = false;
    let inFlight: Bio | undefined;
    machine.spill.write = (bio) => {
      inFlight = bio;
    };
    const request = submit(machine.disk, 'write', 0, 2 * 4096, words(10, 2));
    machine.settle();
    assert.ok(inFlight !== undefined);
    assert.deepEqual([machine.kind(0), machine.kind(1)], ['entry', 'entry']);
    assert.equal(machine.zswap.stats.stored_pages, 2);
    const reader = submit(machine.disk, 'read', 0, 4096);
    machine.settle();
    assert.deepEqual([request.finished, reader.finished], [false, false]);
    inFlight.error = EIO;
    inFlight.onDone(inFlight);
    machine.settle();
    assert.deepEqual([request.error, reader.error], [EIO, 0]);
    assert.deepEqual(reader.data, wordPage(1));
  });

  it('goes to freed pages when a full disk lets the device grow no more', () => {
    const machine = new DiskMachine({ devicePages: 4096, pages: 128 });
    const write = machine.spill.write.bind(machine.spill);
    machine.spill.write = (bio) => {
      if (bio.devicePage + bio.pageCount <= 64) {
        write(bio);
        return;
      }
      bio.error = ENOSPC;
      machine.rt.wake({ resume: () => bio.onDone(bio) });
    };
    for (const first of [0, 32]) assert.equal(machine.spillPages(first, words(first + 1, 32)), 0);
    assert.equal(machine.spillPages(64, words(65, 8)), ENOSPC);
    for (const page of [3, 20, 21]) {
      const trim = submit(machine.disk, 'trim', page * 4096, 4096);
      machine.settle();
      assert.equal(trim.error, 0);
    }
    assert.equal(machine.spillPages(64, words(65, 3)), 0);
    assert.deepEqual(machine.read(64, 3), words(65, 3));
    assert.equal(machine.spillPages(67, words(68, 1)), ENOSPC);
    assert.deepEqual(machine.read(22, 32), words(23, 32));
    assert.equal(machine.swap.backing?.usedPages, 64);
  });

  it('changes nothing when the device fails, frees what it took, and says so', () => {
    const machine = new DiskMachine({ devicePages: 64 });
    machine.write(0, words(1, 1));
    machine.spillPages(1, words(2, 1));
    machine.spill.writeErrors = 256;
    assert.equal(machine.spillPages(0, words(10, 4)), EIO);
    assert.equal(machine.swap.backing?.writable, false);
    assert.equal(machine.swap.backing?.usedPages, 1);
    assert.equal(machine.swap.vmstat.pswpout, 1);
    assert.deepEqual(machine.read(0, 2), words(1, 2));
    assert.deepEqual([machine.kind(2), machine.kind(3)], ['free', 'free']);
    machine.spill.writeErrors = 0;
    assert.equal(machine.spillPages(0, words(10, 4)), 0);
    assert.equal(machine.swap.backing?.writable, true);
    assert.deepEqual(machine.read(0, 4), words(10, 4));
  });

  it('moves what it has collected before it queues for a page that is busy', () => {
    const machine = new DiskMachine({ devicePages: 64 });
    machine.params.enabled = false;
    const owner = { resume: (): void => {} };
    machine.swap.cache.tryLock(machine.slot(2), owner);
    const request = submit(machine.disk, 'write', 0, 4 * 4096, words(1, 4));
    machine.settle();
    assert.equal(request.finished, false);
    // Waiting, it holds nothing: others can have the pages before.
    assert.equal(machine.swap.cache.busySlots, 1);
    assert.deepEqual([machine.kind(0), machine.kind(1)], ['device', 'device']);
    machine.swap.cache.unlock(machine.slot(2), owner);
    machine.settle();
    assert.equal(request.finished, true);
    assert.deepEqual(machine.read(0, 4), words(1, 4));
  });

  it('passes on that the device has no space, though it had promised some', () => {
    const machine = new DiskMachine({ devicePages: 64 });
    machine.spill.write = (bio) => {
      machine.rt.wake({
        resume: () => {
          bio.error = ENOSPC;
          bio.onDone(bio);
        },
      });
    };
    assert.equal(machine.spillPages(0, words(1, 1)), ENOSPC);
    assert.equal(machine.swap.backing?.usedPages, 0);
  });

  it('goes on with shorter runs where no long one is free', () => {
    const machine = new DiskMachine({ devicePages: 16 });
    machine.spillPages(0, words(1, 16));
    for (let page = 0; page < 16; page += 2) machine.request('trim', page * 4096, 4096);
    assert.equal(machine.spillPages(20, words(50, 6)), 0);
    assert.deepEqual(machine.read(20, 6), words(50, 6));
    for (let page = 1; page < 16; page += 2)
      assert.deepEqual(machine.read(page), wordPage(page + 1));
  });

  it('refuses what has no place on the device; what had one is written', () => {
    const machine = new DiskMachine({ devicePages: 8 });
    assert.equal(machine.spillPages(0, words(1, 12)), ENOSPC);
    assert.equal(machine.swap.backing?.usedPages, 8);
    assert.deepEqual(machine.read(0, 8), words(1, 8));
    assert.deepEqual(machine.read(8, 4), new Uint8Array(4 * 4096));
    // The older copy stays until the new one is acknowledged, so a full device stays as it is.
    assert.equal(machine.spillPages(0, words(50, 1)), ENOSPC);
    assert.deepEqual(machine.read(0), wordPage(1));
    machine.request('trim', 7 * 4096, 4096);
    assert.equal(machine.spillPages(0, words(50, 1)), 0);
    assert.deepEqual(machine.read(0), wordPage(50));
  });
});
