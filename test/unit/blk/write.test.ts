import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EIO, ENOSPC } from '../../../src/std/errno.ts';
import { ClientRequest } from '../../support/client.ts';
import { DiskMachine } from '../../support/disk-machine.ts';
import { joined, randomPage, wordPage, zeroPage } from '../../support/chosen-pages.ts';
import { corrupt } from '../../support/stores.ts';

describe('write', () => {
  it('puts pages into the pool, zero-filled ones apart, and counts them', () => {
    const machine = new DiskMachine();
    assert.equal(machine.write(1, joined(wordPage(1), zeroPage(), randomPage(1))), 0);
    assert.deepEqual(
      [1, 2, 3].map((page) => machine.kind(page)),
      ['entry', 'zero', 'entry'],
    );
    const { zswpout, swpout_zero, pswpout } = machine.swap.vmstat;
    assert.deepEqual([zswpout, swpout_zero, pswpout], [2, 1, 0]);
    assert.equal(machine.memcg.events.zswpout, 2);
    assert.equal(machine.memcg.events.swpout_zero, 1);
  });

  it('drops the older entry at once when a page becomes zeros', () => {
    const machine = new DiskMachine();
    machine.write(0, wordPage(1));
    machine.write(0, zeroPage());
    assert.equal(machine.kind(0), 'zero');
    machine.zswap.assertDrained();
    assert.deepEqual(machine.read(0), zeroPage());
  });

  it('stores zeros though zswap is disabled and its pool full: they cost nothing', () => {
    const machine = new DiskMachine();
    machine.write(0, wordPage(1));
    machine.params.enabled = false;
    machine.params.poolBytes = 0;
    assert.equal(machine.write(0, zeroPage()), 0);
    assert.deepEqual(machine.read(0), zeroPage());
    assert.equal(machine.zswap.stats.rejects.disabled, 0);
  });

  it('changes nothing when it is refused and there is no device', () => {
    const machine = new DiskMachine();
    machine.write(0, joined(wordPage(1), wordPage(2)));
    assert.equal(machine.spillPages(0, joined(wordPage(3), wordPage(4))), ENOSPC);
    assert.deepEqual(machine.read(0, 2), joined(wordPage(1), wordPage(2)));
    assert.equal(machine.zswap.stats.rejects.disabled, 1);
  });

  it('refuses rather than spills what belongs to a group that is never written back', () => {
    const machine = new DiskMachine({ devicePages: 8 });
    machine.memcg.setWriteback(false);
    assert.equal(machine.write(0, randomPage(1)), ENOSPC);
    assert.equal(machine.swap.vmstat.pswpout, 0);
    assert.equal(machine.kind(0), 'free');
    assert.equal(machine.zswap.stats.rejects.reject_compress_poor, 1);
  });

  it('frees the device page of a spilled page that is overwritten in the pool', () => {
    const machine = new DiskMachine({ devicePages: 8 });
    machine.spillPages(0, joined(wordPage(1), wordPage(2)));
    assert.equal(machine.swap.backing?.usedPages, 2);
    machine.write(0, wordPage(3));
    assert.equal(machine.swap.backing?.usedPages, 1);
    assert.equal(machine.kind(0), 'entry');
    machine.write(1, zeroPage());
    assert.equal(machine.swap.backing?.usedPages, 0);
    assert.deepEqual(machine.read(0, 2), joined(wordPage(3), zeroPage()));
  });

  it('reads, changes and writes pages that it covers in part, wherever they are', () => {
    const kinds = fc.constantFrom('free', 'zero', 'word', 'random', 'device');
    const ranges = fc.tuple(
      fc.integer({ min: 0, max: 4 * 4096 }),
      fc.integer({ max: 9000, min: 0 }),
    );
    const steps = fc.array(
      fc.tuple(ranges, fc.constantFrom('write', 'zero', 'trim', 'spill'), fc.nat(255)),
      { maxLength: 6, size: 'max' },
    );
    fc.assert(
      fc.property(
        fc.array(kinds, { minLength: 4, maxLength: 4, size: 'max' }),
        steps,
        (pages, commands) => {
          const machine = new DiskMachine({ devicePages: 32, pages: 4 });
          const model = new Uint8Array(4 * 4096);
          for (const [i, kind] of pages.entries()) {
            const random = kind === 'random' || kind === 'device';
            const page = kind === 'word' ? wordPage(i + 5) : random ? randomPage(i) : zeroPage();
            if (kind === 'device') machine.spillPages(i, page);
            else if (kind !== 'free') machine.write(i, page);
            model.set(page, i * 4096);
          }
          for (const [[offset, wanted], verb, byte] of commands) {
            const length = Math.min(wanted, model.length - offset);
            const end = offset + length;
            machine.params.enabled = verb !== 'spill';
            const op = verb === 'spill' ? 'write' : verb;
            const data = op === 'write' ? new Uint8Array(length).fill(byte) : undefined;
            assert.equal(machine.request(op, offset, length, data).error, 0);
            if (verb === 'trim') {
              const first = Math.ceil(offset / 4096) * 4096;
              if (first < end) model.fill(0, first, Math.max(first, Math.floor(end / 4096) * 4096));
            } else model.fill(op === 'zero' ? 0 : byte, offset, end);
            assert.deepEqual(machine.read(0, 4), model);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('counts what a partial write brings in as read, from wherever it comes', () => {
    const machine = new DiskMachine({ devicePages: 8 });
    machine.spillPages(0, wordPage(1));
    machine.write(1, joined(wordPage(2), zeroPage()));
    const part = new Uint8Array(8).fill(9);
    for (const page of [0, 1, 2, 3]) machine.request('write', page * 4096, 8, part);
    for (const events of [machine.swap.vmstat, machine.memcg.events]) {
      const { pswpin, zswpin, swpin_zero } = events;
      assert.deepEqual([pswpin, zswpin, swpin_zero], [1, 1, 1]);
    }
  });

  it('says EIO and keeps everything when the rest of a page is corrupt on the device', () => {
    const machine = new DiskMachine({ devicePages: 8 });
    machine.spillPages(0, wordPage(1));
    machine.corruptDevicePage(machine.swap.table.payload(machine.slot(0)));
    const request = machine.request('write', 10, 20, new Uint8Array(20).fill(7));
    assert.equal(request.error, EIO);
    assert.equal(machine.swap.backing?.checksumErrors, 1);
    assert.equal(machine.kind(0), 'device');
    assert.equal(machine.swap.backing?.usedPages, 1);
    assert.equal(machine.write(0, wordPage(2)), 0);
    assert.deepEqual(machine.read(0), wordPage(2));
  });

  it('says EIO and keeps everything when the device cannot be read for the rest', () => {
    const machine = new DiskMachine({ devicePages: 8 });
    machine.spillPages(0, wordPage(1));
    machine.spill.readErrors = 256;
    assert.equal(machine.request('write', 10, 20, new Uint8Array(20)).error, EIO);
    assert.equal(machine.swap.backing?.ioErrors, 1);
    machine.spill.readErrors = 0;
    assert.deepEqual(machine.read(0), wordPage(1));
  });

  it('says EIO and keeps the entry when the rest of a page is corrupt in the pool', () => {
    const machine = new DiskMachine({ devicePages: 8 });
    machine.write(0, wordPage(1));
    corrupt(machine, machine.slot(0));
    const request = machine.request('write', 10, 20, new Uint8Array(20).fill(7));
    assert.equal(request.error, EIO);
    assert.equal(machine.kind(0), 'entry');
    assert.equal(machine.zswap.stats.decompress_fail, 1);
  });

  it('waits for a bio when it needs one, to fill a page or to spill it', () => {
    const machine = new DiskMachine({ devicePages: 32, biosInFlight: 1 });
    machine.spillPages(0, joined(wordPage(1), wordPage(2)));
    machine.params.enabled = false;
    const part = new Uint8Array(8).fill(9);
    const requests = [
      new ClientRequest(machine.disk, 'write', 5 * 4096, 4096, wordPage(5)),
      new ClientRequest(machine.disk, 'write', 6 * 4096, 4096, wordPage(6)),
      new ClientRequest(machine.disk, 'write', 0, 8, part),
      new ClientRequest(machine.disk, 'write', 4096, 8, part),
    ];
    for (const request of requests) request.start();
    machine.settle();
    for (const request of requests) assert.deepEqual([request.finished, request.error], [true, 0]);
    assert.deepEqual(machine.read(5, 2), joined(wordPage(5), wordPage(6)));
    const expected = joined(wordPage(1), wordPage(2));
    expected.fill(9, 0, 8).fill(9, 4096, 4096 + 8);
    assert.deepEqual(machine.read(0, 2), expected);
  });
});

describe('write in parts', () => {
  const setUp = (): { machine: DiskMachine; request: ClientRequest } => {
    const machine = new DiskMachine({ devicePages: 32 });
    const data = joined(wordPage(1), wordPage(2), wordPage(3));
    const request = new ClientRequest(machine.disk, 'write', 0, data.length, data);
    request.request.available = 0;
    return { machine, request };
  };

  it('goes on with the pages whose payload has come, and finishes with the last', () => {
    const { machine, request } = setUp();
    assert.equal(request.start().finished, false);
    machine.settle();
    for (const [available, done] of [
      [4095, 0],
      [4096, 4096],
      [8191, 4096],
    ] as const) {
      assert.equal(request.feed(available), false);
      machine.settle();
      assert.equal(request.request.done, done);
      assert.equal(machine.swap.cache.busySlots, 0);
    }
    request.feed(3 * 4096);
    machine.settle();
    assert.equal(request.finished, true);
    assert.deepEqual(machine.read(0, 3), joined(wordPage(1), wordPage(2), wordPage(3)));
  });

  it('keeps no slot while it waits for its client, whatever it has collected', () => {
    const { machine, request } = setUp();
    machine.params.enabled = false;
    request.request.available = 2 * 4096 + 1;
    request.start();
    machine.settle();
    assert.equal(request.finished, false);
    assert.equal(machine.swap.cache.busySlots, 0);
    assert.deepEqual(
      [0, 1, 2].map((page) => machine.kind(page)),
      ['device', 'device', 'free'],
    );
  });

  it('is given up when the payload will never come; complete pages stay', () => {
    const { machine, request } = setUp();
    request.request.available = 4096 + 5;
    request.start();
    machine.settle();
    assert.equal(request.abandon(), true);
    assert.equal(request.error, 0);
    assert.equal(machine.disk.underWay, 0);
    assert.deepEqual(machine.read(0, 2), joined(wordPage(1), zeroPage()));
  });

  it('can be given up while it is busy, and then stops at the next page', () => {
    const { machine, request } = setUp();
    request.request.available = 3 * 4096;
    request.start();
    assert.equal(request.abandon(), false);
    machine.settle();
    assert.equal(request.finished, true);
    assert.deepEqual(machine.read(0, 2), joined(wordPage(1), zeroPage()));
  });

  it('takes no notice of being fed or given up once it has finished', () => {
    const { machine, request } = setUp();
    request.start();
    assert.equal(request.abandon(), true);
    assert.equal(request.abandon(), false);
    assert.equal(request.feed(0), false);
    assert.equal(machine.disk.underWay, 0);
  });
});
