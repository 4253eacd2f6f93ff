import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { EIO } from '../../../src/std/errno.ts';
import { submit } from '../../support/client.ts';
import { DiskMachine } from '../../support/disk-machine.ts';
import { joined, randomPage, wordPage, zeroPage } from '../../support/chosen-pages.ts';
import { corrupt } from '../../support/stores.ts';

/** Pages 0..5: compressed, raw, zero, device, device, never written. */
function mixed(): { machine: DiskMachine; content: Uint8Array } {
  const machine = new DiskMachine({ devicePages: 64 });
  const pages = [wordPage(1), randomPage(2), zeroPage(), randomPage(3), wordPage(4), zeroPage()];
  machine.write(0, joined(...pages.slice(0, 3)));
  machine.spillPages(3, joined(...pages.slice(3, 5)));
  const kinds = [0, 1, 2, 3, 4, 5].map((page) => machine.kind(page));
  assert.deepEqual(kinds, ['entry', 'entry', 'zero', 'device', 'device', 'free']);
  return { machine, content: joined(...pages) };
}

describe('read', () => {
  it('brings pages from wherever each is, and counts where they came from', () => {
    const { machine, content } = mixed();
    assert.deepEqual(machine.read(0, 6), content);
    const { zswpin, swpin_zero, pswpin } = machine.swap.vmstat;
    assert.deepEqual([zswpin, swpin_zero, pswpin], [2, 1, 2]);
    assert.deepEqual(machine.memcg.events.pswpin, 2);
    assert.deepEqual(machine.memcg.events.swpin_zero, 1);
  });

  it('leaves everything where it is: the same pages can be read again', () => {
    const { machine, content } = mixed();
    machine.read(0, 6);
    assert.deepEqual(machine.read(0, 6), content);
    assert.equal(machine.zswap.stats.stored_pages, 2);
    assert.equal(machine.swap.backing?.usedPages, 2);
  });

  it('reads any range of bytes', () => {
    const { machine, content } = mixed();
    for (const offset of [0, 1, 4095, 4096, 2 * 4096 + 7, 3 * 4096 + 5]) {
      for (const length of [0, 1, 100, 4095, 4096, 4097, 2 * 4096 + 1]) {
        const { data, error } = machine.request('read', offset, length);
        assert.equal(error, 0);
        assert.deepEqual(data, content.subarray(offset, offset + length), `${offset}+${length}`);
      }
    }
  });

  it('reads device pages that lie one behind the other in one device read', () => {
    const machine = new DiskMachine({ devicePages: 64 });
    const pages = Array.from({ length: 40 }, (_, i) => wordPage(i + 1));
    machine.spillPages(0, joined(...pages));
    const reads: number[] = [];
    const read = machine.spill.read.bind(machine.spill);
    machine.spill.read = (bio) => {
      reads.push(bio.pageCount);
      read(bio);
    };
    assert.deepEqual(machine.read(0, 40), joined(...pages));
    assert.deepEqual(reads, [32, 8]);
  });

  it('ends a device read before a page that is busy, and comes to that page later', () => {
    const machine = new DiskMachine({ devicePages: 64 });
    machine.spillPages(0, joined(wordPage(1), wordPage(2), wordPage(3)));
    const owner = { resume: (): void => {} };
    machine.swap.cache.tryLock(machine.slot(1), owner);
    const request = submit(machine.disk, 'read', 0, 3 * 4096);
    machine.settle();
    assert.equal(request.finished, false);
    assert.equal(request.request.done, 4096);
    machine.swap.cache.unlock(machine.slot(1), owner);
    machine.settle();
    assert.equal(request.finished, true);
    assert.deepEqual(request.data, joined(wordPage(1), wordPage(2), wordPage(3)));
  });

  it('waits for a bio when all are taken', () => {
    const machine = new DiskMachine({ devicePages: 64, biosInFlight: 1 });
    machine.spillPages(0, joined(wordPage(1), wordPage(2)));
    const requests = [0, 1, 0].map((page) => submit(machine.disk, 'read', page * 4096, 4096));
    machine.settle();
    for (const [i, page] of [1, 2, 1].entries()) {
      assert.deepEqual(requests[i]?.data, wordPage(page));
    }
  });

  it('says EIO of a device page that is not what was written, and keeps everything', () => {
    const { machine, content } = mixed();
    machine.corruptDevicePage(machine.swap.table.payload(machine.slot(3)));
    const request = machine.request('read', 0, 6 * 4096);
    assert.equal(request.error, EIO);
    assert.equal(request.request.done, 3 * 4096);
    assert.equal(machine.swap.backing?.checksumErrors, 1);
    assert.equal(machine.kind(3), 'device');
    assert.equal(machine.swap.backing?.usedPages, 2);
    // The page after it came in the same device read and is whole.
    assert.deepEqual(machine.read(4), content.subarray(4 * 4096, 5 * 4096));
    assert.equal(machine.write(3, wordPage(9)), 0);
    assert.deepEqual(machine.read(3), wordPage(9));
  });

  it('says EIO when the device fails, counts it, and reads again when it works again', () => {
    const { machine, content } = mixed();
    machine.spill.readErrors = 256;
    assert.equal(machine.read(3, 2), EIO);
    assert.equal(machine.swap.backing?.ioErrors, 1);
    assert.equal(machine.swap.backing?.writable, true);
    machine.spill.readErrors = 0;
    assert.deepEqual(machine.read(0, 6), content);
  });

  it('says EIO of a corrupt entry, keeps it, and never asks the device instead', () => {
    const { machine } = mixed();
    // The slot had a device page before; its entry is newer and must not be fallen past.
    machine.spillPages(7, wordPage(70));
    machine.write(7, wordPage(71));
    corrupt(machine, machine.slot(7));
    machine.spill.read = () => assert.fail('the device was read');
    assert.equal(machine.read(7), EIO);
    assert.equal(machine.request('read', 7 * 4096 + 5, 10).error, EIO);
    assert.equal(machine.zswap.stats.decompress_fail, 2);
    assert.equal(machine.kind(7), 'entry');
  });

  it('leaves other requests their turn within a long run', () => {
    const machine = new DiskMachine({ pages: 2048 });
    machine.rt.point = () => false;
    // A clock that goes on between two looks at it, which the simulated one does not.
    let ms = 0;
    machine.rt.nowMs = () => (ms += 0.3);
    const request = submit(machine.disk, 'read', 0, 2048 * 4096);
    assert.equal(request.finished, false);
    let turns = 0;
    while (machine.rt.step()) turns += 1;
    assert.equal(request.finished, true);
    assert.ok(turns > 2048 / 64, `${turns} turns`);
  });

  it('leaves other requests their turn after each page where pages take long', () => {
    const machine = new DiskMachine({ pages: 64 });
    machine.rt.point = () => false;
    let ms = 0;
    machine.rt.nowMs = () => (ms += 10);
    machine.request('read', 0, 64 * 4096);
    const request = submit(machine.disk, 'read', 0, 8 * 4096);
    let turns = 0;
    while (machine.rt.step()) turns += 1;
    assert.equal(request.finished, true);
    assert.equal(turns, 7);
  });
});
