/** Goal: who asks for so many bytes of a group gets about so many, by batches of its own. */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { SwapDisk } from '../../../../src/blk/swap-disk.ts';
import type { Memcg } from '../../../../src/memcg/memcg.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { Reclaim } from '../../../../src/zswap/shrink/reclaim.ts';
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
});
