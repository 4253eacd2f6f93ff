/**
 * Goal: a group that shrinks on its own behalf writes back its own entries and nobody else's, and
 * who waits for it is told. Names in brackets are those of the specification of the races.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Memcg } from '../../../../src/memcg/memcg.ts';
import type { SwapDisk } from '../../../../src/blk/swap-disk.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { present } from '../../../../src/std/assert.ts';
import { mayShrink, type RoomWaiter } from '../../../../src/zswap/shrink/shrink.ts';
import { wordPage } from '../../../support/chosen-pages.ts';
import { submit } from '../../../support/client.ts';
import { TestMachine } from '../../../support/machine.ts';
import { createWordCodec } from '../../../support/word-codec.ts';

interface Tenant {
  readonly disk: SwapDisk;
  readonly memcg: Memcg;
}

function world(): { machine: TestMachine; a: Tenant; b: Tenant } {
  const machine = new TestMachine({ codec: createWordCodec(), devicePages: 512 });
  return { machine, a: machine.export('a', 256), b: machine.export('b', 256) };
}

/** Writes pages of one word, 1216 bytes each in the pool. */
function write(machine: TestMachine, { disk }: Tenant, first: number, count: number): void {
  for (let page = first; page < first + count; page += 1) {
    const request = submit(disk, 'write', page * PAGE_SIZE, PAGE_SIZE, wordPage(5 * page + 4));
    machine.rt.run(100_000);
    assert.equal(request.error, 0);
  }
}

function assertReads(machine: TestMachine, { disk }: Tenant, count: number): void {
  for (let page = 0; page < count; page += 1) {
    const request = submit(disk, 'read', page * PAGE_SIZE, PAGE_SIZE);
    machine.rt.run(100_000);
    assert.deepEqual(Buffer.from(request.data), Buffer.from(wordPage(5 * page + 4)), `${page}`);
  }
}

describe('a group at its limit', () => {
  it('tells each store how the batch went that it has waited for', () => {
    const { machine, a } = world();
    write(machine, a, 0, 10);
    const { shrinker } = machine.zswap;
    const waiters = [1, 2, 3, 4].map((): RoomWaiter => ({ batchWritten: -1 }));
    let woken = 0;
    const join = (place: number): boolean =>
      shrinker.makeRoom(a.memcg, { resume: () => (woken += 1) }, present(waiters[place]));
    assert.equal(join(0), false, 'all entries are passed over once');
    assert.deepEqual([join(1), join(2)], [true, true]);
    machine.settle();
    write(machine, a, 10, 1);
    assert.equal(join(3), true);
    machine.settle();
    assert.equal(woken, 3);
    assert.deepEqual(
      waiters.map(({ batchWritten }) => batchWritten),
      [0, 1, 1, 1],
    );
  });

  it('makes room with its own entries and touches no sibling [T002-e]', () => {
    const { machine, a, b } = world();
    write(machine, b, 0, 100);
    a.memcg.setZswapMax(16 * PAGE_SIZE);
    write(machine, a, 0, 200);
    assert.ok(a.memcg.events.zswpwb > 100, `${a.memcg.events.zswpwb}`);
    assert.equal(b.memcg.events.zswpwb, 0);
    assert.equal(b.memcg.zswappedPages, 100);
    assert.ok(a.memcg.zswapCurrent <= 17 * PAGE_SIZE + 1216);
    machine.check();
    assertReads(machine, a, 200);
    assertReads(machine, b, 100);
  });

  it('keeps what was stored last, not what was stored first', () => {
    const { machine, a } = world();
    a.memcg.setZswapMax(16 * PAGE_SIZE);
    write(machine, a, 0, 200);
    const kinds = (from: number, to: number): number =>
      Array.from({ length: to - from }, (_, i) => a.disk.area.slot(from + i)).filter(
        (slot) => machine.swap.table.kind(slot) === 'entry',
      ).length;
    assert.equal(kinds(0, 100), 0);
    assert.ok(kinds(160, 200) > 15);
  });

  it('sends the page to the device when it has nothing to give up, and counts that', () => {
    const { machine, a } = world();
    a.memcg.setZswapMax(0);
    write(machine, a, 0, 3);
    assert.equal(machine.zswap.stats.rejects.memcg_limit, 3);
    assert.equal(machine.swap.vmstat.pswpout, 3);
    assertReads(machine, a, 3);
  });
});

describe('mayShrink', () => {
  it('says no of a group without entries, one that is not written back, and a full device', () => {
    const { machine, a, b } = world();
    assert.equal(mayShrink(machine.zswap, a.memcg), false);
    write(machine, a, 0, 1);
    assert.equal(mayShrink(machine.zswap, a.memcg), true);
    assert.equal(mayShrink(machine.zswap, b.memcg), false);
    a.memcg.setWriteback(false);
    assert.equal(mayShrink(machine.zswap, a.memcg), false);
    a.memcg.setWriteback(true);
    machine.memcgs.root.setWriteback(false);
    assert.equal(mayShrink(machine.zswap, a.memcg), false);
    const bare = new TestMachine({ codec: createWordCodec() });
    const tenant = bare.export('vm', 8);
    write(bare, tenant, 0, 1);
    assert.equal(mayShrink(bare.zswap, tenant.memcg), false);
  });
});

describe('a group that goes away', () => {
  it('leaves its entries to its parent, to be the next to go', () => {
    const { machine } = world();
    const parent = machine.memcgs.create('parent');
    const child = machine.memcgs.create('child', parent);
    const area = machine.swap.swapon('child', 64, child);
    const other = machine.swap.swapon('parent', 64, parent);
    const disk = machine.diskOf(area);
    write(machine, { disk: machine.diskOf(other), memcg: parent }, 0, 5);
    write(machine, { disk, memcg: child }, 0, 5);
    machine.memcgs.offline(child);
    machine.check();
    const { lru } = machine.zswap;
    assert.equal(lru.lengthOf(child.id), 0);
    assert.equal(lru.lengthOf(parent.id), 10);
    assert.equal(machine.zswap.slotOf(lru.oldest(parent.id)), area.firstSlot);
    assert.equal(mayShrink(machine.zswap, child), false);
    // What is charged to it stays balanced, and it goes with its last entry.
    assert.equal(parent.zswappedPages, 10);
    const trim = submit(disk, 'trim', 0, 64 * PAGE_SIZE);
    machine.settle();
    assert.equal(trim.finished, true);
    assert.equal(parent.zswappedPages, 5);
    assert.deepEqual(parent.children, []);
    assert.equal([...machine.memcgs.groups()].includes(child), false);
  });

  it('takes in nothing more: what is being stored when it goes is for its parent', () => {
    const { machine, a } = world();
    const request = submit(a.disk, 'write', 0, PAGE_SIZE, wordPage(4));
    assert.equal(request.finished, false);
    machine.memcgs.offline(a.memcg);
    machine.settle();
    assert.equal(request.error, 0);
    assert.equal(machine.memcgs.root.zswappedPages, 1);
    assert.equal(a.memcg.zswappedPages, 0);
    assertReads(machine, a, 1);
  });
});
