/** Goal: who asks for so many bytes of a group gets about so many, by batches of its own. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { SwapDisk } from '../../../../src/blk/swap-disk.ts';
import type { Memcg } from '../../../../src/memcg/memcg.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { BIO_PAGES, type Bio } from '../../../../src/swap/device/device.ts';
import { Reclaim } from '../../../../src/zswap/shrink/reclaim.ts';
import {
  BATCHES_MAX,
  RECLAIM_RETRIES_MAX,
  SHRINK_SCAN,
} from '../../../../src/zswap/shrink/shrink.ts';
import { wordPage } from '../../../support/chosen-pages.ts';
import { submit } from '../../../support/client.ts';
import { TestMachine } from '../../../support/machine.ts';
import { createWordCodec, wordLength } from '../../../support/word-codec.ts';

const PAGES = 100;
/** Compressed bytes of each page. */
const LENGTH: number = wordLength(4);

interface Tenant {
  readonly disk: SwapDisk;
  readonly memcg: Memcg;
}

function world(): { machine: TestMachine; a: Tenant; b: Tenant } {
  const machine = new TestMachine({ codec: createWordCodec(), devicePages: 512 });
  const a = machine.export('a', PAGES);
  const b = machine.export('b', PAGES);
  for (const { disk } of [a, b]) {
    for (let page = 0; page < PAGES; page += 1) {
      submit(disk, 'write', page * PAGE_SIZE, PAGE_SIZE, wordPage(5 * page + 4));
      machine.rt.run(100_000);
    }
  }
  return { machine, a, b };
}

function begin({ zswap }: TestMachine, memcg: Memcg, bytes: number): Reclaim {
  const reclaim = new Reclaim(zswap);
  reclaim.begin(memcg, bytes);
  return reclaim;
}

function reclaimed(machine: TestMachine, memcg: Memcg, bytes: number): number {
  const reclaim = begin(machine, memcg, bytes);
  machine.settle();
  return reclaim.freed;
}

/** One group of so many entries, each of another length than its neighbours, over a slow device. */
class SlowDevice {
  readonly machine = new TestMachine({ codec: createWordCodec(), devicePages: 2048 });
  readonly tenant: Tenant;
  readonly lengths: readonly number[];
  /** Most device requests at a time. */
  most = 0;
  /** Device requests that are to succeed before others fail, and how many of those there are. */
  healthy = 0;
  failing = 0;

  constructor(count: number) {
    this.tenant = this.machine.export('vm', count);
    const words = Array.from({ length: count }, (_, page) => 5 * page + (page % 5));
    this.lengths = words.map(wordLength);
    words.forEach((word, page) => {
      submit(this.tenant.disk, 'write', page * PAGE_SIZE, PAGE_SIZE, wordPage(word));
      this.machine.rt.run(100_000);
    });
  }

  /** Reclaims so many bytes while the device does nothing before everybody waits for it. */
  reclaimed(bytes: number): number {
    const { device, rt } = this.machine;
    assert.ok(device !== undefined);
    const held: Bio[] = [];
    const deviceWrite = device.write.bind(device);
    device.write = (bio) => held.push(bio);
    const reclaim = new Reclaim(this.machine.zswap);
    let ended = false;
    reclaim.onEnd = () => (ended = true);
    reclaim.begin(this.tenant.memcg, bytes);
    rt.run(1_000_000);
    for (let round = 0; held.length > 0; round += 1) {
      assert.ok(round < 200, 'the reclaim never ends');
      this.most = Math.max(this.most, held.length);
      // One at a time, so that others are in flight when one ends.
      for (const bio of held.splice(0, 1)) {
        device.writeErrors = this.healthy <= 0 && this.failing > 0 ? 256 : 0;
        if (this.healthy > 0) this.healthy -= 1;
        else this.failing -= 1;
        deviceWrite(bio);
      }
      rt.run(1_000_000);
    }
    assert.equal(ended, true);
    device.write = deviceWrite;
    this.machine.check();
    return reclaim.freed;
  }
}

describe('reclaim', () => {
  it('frees about as many bytes as asked for, of the group and its descendants', () => {
    const { machine, a, b } = world();
    assert.equal(reclaimed(machine, a.memcg, 20 * LENGTH), 20 * LENGTH);
    assert.equal(a.memcg.events.zswpwb, 20);
    assert.equal(b.memcg.events.zswpwb, 0);
    assert.equal(reclaimed(machine, machine.memcgs.root, 1e9), (2 * PAGES - 20) * LENGTH);
    assert.equal(machine.zswap.stats.stored_pages, 0);
    for (const { disk } of [a, b]) {
      for (let page = 0; page < PAGES; page += 1) {
        const request = submit(disk, 'read', page * PAGE_SIZE, PAGE_SIZE);
        machine.rt.run(100_000);
        assert.deepEqual(Buffer.from(request.data), Buffer.from(wordPage(5 * page + 4)));
      }
    }
  });

  it('has ended at once when nothing is asked for', () => {
    const { machine, a } = world();
    assert.equal(new Reclaim(machine.zswap).begin(a.memcg, 0), true);
  });

  it('gives up when nothing can be written', () => {
    const { machine, a } = world();
    a.memcg.setWriteback(false);
    assert.equal(reclaimed(machine, a.memcg, 1e6), 0);
    assert.equal(machine.zswap.stats.stored_pages, 2 * PAGES);
  });

  it('counts only what its own batches have written while another one runs', () => {
    const { machine, a } = world();
    const first = begin(machine, a.memcg, 20 * LENGTH);
    const second = begin(machine, a.memcg, 20 * LENGTH);
    machine.settle();
    assert.deepEqual([first.freed, second.freed], [20 * LENGTH, 20 * LENGTH]);
    assert.equal(a.memcg.events.zswpwb, 40);
  });

  it('has batches at the device while others take entries, and no more than asked for', () => {
    const slow = new SlowDevice(1000);
    // What is new gets a second chance first.
    slow.reclaimed(1);
    const first = slow.machine.zswap.stats.written_back_pages;
    const wanted = slow.lengths.slice(first, first + 500).reduce((sum, each) => sum + each, 0);
    const freed = slow.reclaimed(wanted);
    assert.ok(slow.most > 2 && slow.most <= BATCHES_MAX, `${slow.most}`);
    assert.ok(
      freed >= wanted && freed < wanted + Math.max(...slow.lengths),
      `${freed} of ${wanted}`,
    );
  });

  it('has one batch at a time of a group too small for batches to miss each other', () => {
    const slow = new SlowDevice(BATCHES_MAX * SHRINK_SCAN);
    slow.reclaimed(1e9);
    assert.equal(slow.most, 1);
    assert.equal(slow.machine.zswap.stats.reject_reclaim_fail, 0);
    assert.equal(slow.machine.zswap.stats.stored_pages, 0);
  });

  it('takes others instead of those that the device has refused', () => {
    const slow = new SlowDevice(1000);
    slow.reclaimed(1);
    slow.healthy = 2;
    slow.failing = 3;
    const wanted = 400 * Math.max(...slow.lengths);
    assert.ok(slow.reclaimed(wanted) >= wanted);
    assert.ok(slow.machine.zswap.stats.reject_reclaim_fail > 0);
  });

  it('ends when the device dies while batches are in flight', () => {
    const slow = new SlowDevice(1000);
    slow.reclaimed(1);
    const before = slow.machine.zswap.stats.stored_pages;
    slow.healthy = 5;
    slow.failing = 1e6;
    assert.ok(slow.reclaimed(1e9) > 0);
    const { stored_pages: left, reject_reclaim_fail: refused } = slow.machine.zswap.stats;
    assert.equal(left, before - 5 * BIO_PAGES);
    assert.ok(refused <= (RECLAIM_RETRIES_MAX + BATCHES_MAX) * BIO_PAGES, `${refused}`);
  });
});
