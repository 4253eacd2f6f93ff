import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { MIB, PAGE_SIZE } from '../../../src/std/units.ts';
import {
  assertPages,
  assertSound,
  mixedPage,
  noisePage,
  openTestMachine,
  textPage,
  writePages,
} from '../../support/test-machine.ts';

const PAGES = 512;

describe('groups', () => {
  it('hold each tenant to its memory.max, frames and compressed pages together', async (t) => {
    const { machine } = await openTestMachine(t, { memory: '4MiB', pool: { limit: '4MiB' } });
    const tenants = [512, 256].map((kib) => {
      const group = machine.group(`tenant ${kib}`, { memoryMax: `${kib}KiB` });
      return { max: kib * 1024, group, region: machine.map({ bytes: PAGES * PAGE_SIZE, group }) };
    });
    for (let page = 0; page < PAGES; page += 1) {
      for (const { region, group, max } of tenants) {
        await writePages(region, page, page + 1, mixedPage);
        assert.ok(group.memoryCurrent <= max + PAGE_SIZE, `${group.name}: ${group.memoryCurrent}`);
      }
    }
    for (const { region } of tenants) await assertPages(region, 0, PAGES, mixedPage);
    assertSound(machine);
  });

  it('find room where all that a tenant has is in the pool and was used of late', async (t) => {
    const { machine } = await openTestMachine(t, { memory: '4MiB', pool: { limit: '4MiB' } });
    const group = machine.group('tenant');
    const pages = 6144;
    const region = machine.map({ bytes: (pages + 1) * PAGE_SIZE, group });
    await writePages(region, 0, pages, textPage);
    await region.pageout(0, pages * PAGE_SIZE);
    group.setLimits({ memoryMax: Math.floor(group.memoryCurrent / 2) });
    await writePages(region, pages, pages + 1, textPage);
    assert.ok(group.stats()['zswpwb'] > 0, 'nothing had to be written back');
    await assertPages(region, 0, pages + 1, textPage);
    assertSound(machine);
  });

  it('keep pages of a group without writeback off the device', async (t) => {
    const { machine } = await openTestMachine(t);
    const group = machine.group('kept', { writeback: false, zswapMax: '128KiB' });
    const region = machine.map({ bytes: PAGES * PAGE_SIZE, group });
    await writePages(region, 0, PAGES, textPage);
    await region.pageout(0, PAGES * PAGE_SIZE);
    assert.equal(machine.stats().swap?.used_bytes, 0);
    await assert.rejects(writePages(region, 0, PAGES, noisePage), { code: 'ZSWAP_NO_MEMORY' });
    group.setLimits({ writeback: true });
    await writePages(region, 0, PAGES, noisePage);
    await assertPages(region, 0, PAGES, noisePage);
    assert.ok((machine.stats().swap?.used_bytes ?? 0) > 0);
  });

  it('count in the groups above', async (t) => {
    const { machine } = await openTestMachine(t);
    const parent = machine.group('parent', { memoryMax: MIB / 4 });
    const child = machine.group('child', { parent, memoryMax: 'max' });
    assert.equal(child.parent, parent);
    const region = machine.map({ bytes: MIB, group: child });
    await writePages(region, 0, 256, noisePage);
    assert.ok(parent.memoryCurrent <= MIB / 4 + PAGE_SIZE);
    assert.equal(parent.memoryCurrent, child.memoryCurrent);
    assert.equal(child.stats()['memory.max'], 'max');
    assert.equal(parent.stats()['memory.max'], MIB / 4);
  });

  it('refuse names and limits that cannot be', async (t) => {
    const { machine } = await openTestMachine(t, {}, false);
    machine.group('a');
    for (const name of ['a', '/', 'x:y']) assert.throws(() => machine.group(name), RangeError);
    assert.throws(() => machine.group(''), TypeError);
    assert.throws(() => machine.group('b', { memoryMax: -1 }), RangeError);
    assert.throws(() => machine.group('b', { zswapMax: 'few' }), RangeError);
    assert.throws(() => machine.group('b', { writeback: 1 as never }), TypeError);
    assert.throws(() => machine.group('b', { parent: {} as never }), TypeError);
    machine.group('b');
  });

  it('are removed when nothing uses them', async (t) => {
    const { machine } = await openTestMachine(t);
    const parent = machine.group('parent');
    const child = machine.group('child', { parent });
    const region = machine.map({ bytes: MIB, group: child });
    await writePages(region, 0, 256, noisePage);
    assert.throws(() => parent.remove(), { code: 'ZSWAP_BUSY' });
    assert.throws(() => child.remove(), { code: 'ZSWAP_BUSY' });
    // What a copy shares stays with the group that paid for it first, and so with its parent.
    const copy = region.copy({ group: parent });
    await region.unmap();
    child.remove();
    assert.throws(() => child.remove(), { code: 'ZSWAP_CLOSED' });
    assert.throws(() => machine.map({ bytes: MIB, group: child }), TypeError);
    assert.equal(machine.stats().groups['child'], undefined);
    await assertPages(copy, 0, 256, noisePage);
    assertSound(machine);
    await copy.unmap();
    parent.remove();
    machine.group('parent');
    assert.equal(machine.stats().memory.used, 0);
  });

  it('give up what is above a limit that is lowered, before they need another page', async (t) => {
    const { machine } = await openTestMachine(t);
    const [group, other] = [machine.group('tenant'), machine.group('other')] as const;
    const regions = [group, other].map((payer) => machine.map({ bytes: MIB / 4, group: payer }));
    for (const region of regions) await writePages(region, 0, 64, mixedPage);
    const { limitReclaim } = machine.core.mm;
    group.setLimits({ memoryMax: '128KiB' });
    while (limitReclaim.running) await turn();
    assert.ok(group.memoryCurrent <= 128 * 1024, `${group.memoryCurrent}`);
    await machine.setParameter('tenant:memory.max', '64K');
    while (limitReclaim.running) await turn();
    assert.ok(group.memoryCurrent <= 64 * 1024, `${group.memoryCurrent}`);
    assert.ok(other.memoryCurrent >= MIB / 4, 'it is not the other group that pays');
    for (const region of regions) await assertPages(region, 0, 64, mixedPage);
    assertSound(machine);
  });
});
