import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it, type TestContext } from 'node:test';
import { CHANNELS } from '../../../src/machine/channels.ts';
import type { FaultEvent } from '../../../src/mm/mm.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import type { RejectEvent, WritebackEvent } from '../../../src/zswap/zswap.ts';
import {
  mixedPage,
  noisePage,
  openTestMachine,
  settled,
  writePages,
} from '../../support/test-machine.ts';

function listen<Event>(t: TestContext, name: string): Event[] {
  const events: Event[] = [];
  const onEvent = (event: unknown): void => void events.push(event as Event);
  subscribe(name, onEvent);
  t.after(() => unsubscribe(name, onEvent));
  return events;
}

describe('the diagnostics channels', () => {
  it('tell of faults, minor and major', async (t) => {
    const { machine } = await openTestMachine(t);
    const region = machine.map({ bytes: '1MiB', name: 'data' });
    const faults = listen<FaultEvent>(t, CHANNELS.fault);
    await writePages(region, 3, 4, noisePage);
    await region.pageout(0, PAGE_SIZE * 8);
    await region.read(3 * PAGE_SIZE, Buffer.alloc(PAGE_SIZE));
    const base = { region: 'data', page: 3, result: 'mapped' };
    assert.deepEqual(
      faults.filter(({ result }) => result !== 'blocked'),
      [
        { ...base, write: true, major: false },
        { ...base, write: false, major: true },
      ],
    );
  });

  it('tell of pages that the pool refuses and gives to the device', async (t) => {
    const { machine } = await openTestMachine(t, { pool: { limit: '64KiB' } });
    const group = machine.group('tenant');
    const region = machine.map({ bytes: '4MiB', group });
    const rejects = listen<RejectEvent>(t, CHANNELS.reject);
    const writebacks = listen<WritebackEvent>(t, CHANNELS.writeback);
    await writePages(region, 0, 1024, mixedPage);
    // A run is told of when it has ended, and its pages are counted one by one.
    await settled(machine);
    const stats = machine.stats();
    assert.equal(rejects.length, stats.rejects.pool_limit);
    assert.deepEqual(rejects[0], { group: 'tenant', reason: 'pool_limit' });
    const written = writebacks.reduce((sum, { pages }) => sum + pages, 0);
    assert.equal(written, stats.zswap.written_back_pages);
    assert.ok(written > 0 && writebacks.every((event) => event.group === 'tenant'));
  });

  it('refuse calls of the machine from a subscriber, and only those', async (t) => {
    const { machine } = await openTestMachine(t, {}, false);
    const region = machine.map({ bytes: '1MiB' });
    const refused: unknown[] = [];
    const onFault = (): void => {
      try {
        region.readSync(0, new Uint8Array(1));
      } catch (error) {
        refused.push(error);
      }
    };
    subscribe(CHANNELS.fault, onFault);
    t.after(() => unsubscribe(CHANNELS.fault, onFault));
    await writePages(region, 0, 1, noisePage);
    assert.equal((refused[0] as { code: string }).code, 'ZSWAP_BUSY');
    assert.equal(region.readSync(0, new Uint8Array(1)), true);
  });
});
