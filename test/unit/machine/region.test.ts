import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, truncateSync, writeSync } from 'node:fs';
import { describe, it } from 'node:test';
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

const PAGES = 1024;
const ALL = PAGES * PAGE_SIZE;

describe('readSync and writeSync', () => {
  it('reach any bytes of pages in frames, in the pool and never written', async (t) => {
    const { machine } = await openTestMachine(t, { pool: { limit: '1MiB' } }, false);
    const region = machine.map({ bytes: ALL });
    const model = Buffer.alloc(ALL);
    for (let i = 0; i < 4000; i += 1) {
      const offset = (i * 7_919_777) % ALL;
      const length = Math.min((i * 31) % 9000, ALL - offset);
      const bytes = Buffer.alloc(length, `${i} `);
      if (i % 3 === 0) {
        assert.equal(region.writeSync(offset, bytes), true);
        bytes.copy(model, offset);
      } else {
        assert.equal(region.readSync(offset, bytes), true);
        assert.ok(bytes.equals(model.subarray(offset, offset + length)), `operation ${i}`);
      }
    }
    assert.ok(machine.stats().vmstat.zswpin > 0);
    assertSound(machine);
  });

  it('make room within the call, among any number of frames that are all in use', async (t) => {
    const { machine } = await openTestMachine(
      t,
      { memory: '8MiB', pool: { limit: '16MiB' } },
      false,
    );
    const pages = 4096;
    const region = machine.map({ bytes: pages * PAGE_SIZE });
    // Each page is used twice, so that reclaim passes over all of them before it takes one.
    for (let page = 0; page < pages; page += 1) {
      assert.equal(region.writeSync(page * PAGE_SIZE, textPage(page)), true, `page ${page}`);
      assert.equal(region.writeSync(page * PAGE_SIZE, textPage(page)), true, `page ${page}`);
    }
    const { vmstat } = machine.stats();
    assert.ok(vmstat.zswpout >= pages - 2048, `${vmstat.zswpout} pages went out`);
    assertSound(machine);
  });

  it('refuse to wait for a page on the device, which read brings', async (t) => {
    const { machine } = await openTestMachine(t, { pool: { limit: 0 } });
    const region = machine.map({ bytes: ALL });
    await writePages(region, 0, 4, noisePage);
    await region.pageout(0, ALL);
    const target = Buffer.alloc(PAGE_SIZE);
    assert.equal(region.readSync(0, target), false);
    assert.equal(region.writeSync(0, target.subarray(1)), false);
    assert.equal(region.tryPin(0), undefined);
    await region.read(0, target);
    assert.ok(target.equals(noisePage(0)));
    assert.equal(region.readSync(0, target), true);
  });

  it('move nothing for no bytes', async (t) => {
    const { machine } = await openTestMachine(t, {}, false);
    const region = machine.map({ bytes: 5 });
    assert.equal(region.bytes, PAGE_SIZE);
    assert.equal(region.readSync(PAGE_SIZE, new Uint8Array(0)), true);
    assert.equal(region.writeSync(PAGE_SIZE, new Uint8Array(0)), true);
    assert.equal(machine.stats().memory.used, 0);
  });

  it('name what is wrong with an argument', async (t) => {
    const { machine } = await openTestMachine(t, {}, false);
    const region = machine.map({ bytes: MIB });
    const page = Buffer.alloc(PAGE_SIZE);
    for (const [call, error] of [
      [() => region.readSync(-1, page), /RangeError: offset must be .* not -1/],
      [() => region.readSync(0.5, page), /RangeError: offset must be a whole number/],
      [() => region.readSync(MIB - 1, page), /RangeError: offset 1048575 and length 4096 reach/],
      [() => region.readSync('0' as never, page), /TypeError: offset must be a number/],
      [() => region.writeSync(0, 'text' as never), /TypeError: source must be a Uint8Array/],
      [() => region.tryPin(256), /RangeError: page must be .* 0 to 255, not 256/],
    ] as const) {
      assert.throws(call, (it) => error.test(String(it)));
    }
    await assert.rejects(region.read(MIB, page), RangeError);
    await assert.rejects(region.write(0, [] as never), /TypeError: source/);
    await assert.rejects(region.pin(-1), RangeError);
    await assert.rejects(region.discard(0, MIB + 1), RangeError);
    await assert.rejects(region.pageout(NaN, 1), RangeError);
    await assert.rejects(region.prefetch(0, -1), RangeError);
  });
});

describe('read and write', () => {
  it('move more than there are frames in one call', async (t) => {
    const { machine } = await openTestMachine(t);
    for (const order of [0, 4]) {
      const region = machine.map({ bytes: ALL, order });
      const bytes = Buffer.concat(Array.from({ length: PAGES }, (_, page) => mixedPage(page)));
      await region.write(0, bytes);
      const target = Buffer.alloc(ALL - 100);
      await region.read(50, target);
      assert.ok(target.equals(bytes.subarray(50, ALL - 50)));
      await region.unmap();
    }
    assertSound(machine);
  });

  it('give others their turn in a long transfer of pages at hand', async (t) => {
    const { machine } = await openTestMachine(t, { memory: '16MiB' }, false);
    const region = machine.map({ bytes: '12MiB' });
    const bytes = Buffer.alloc(12 * MIB, 'x');
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await region.write(0, bytes);
    await region.read(0, bytes);
    isOver = true;
    assert.ok(turns > 4, `${turns} turns`);
  });

  it('end when aborted, without touching the bytes any more or tearing a page', async (t) => {
    const { machine } = await openTestMachine(t, { pool: { limit: 0 }, pageCluster: 0 });
    const region = machine.map({ bytes: ALL });
    await writePages(region, 0, PAGES, noisePage);
    await region.pageout(0, ALL);
    const reason = new Error('enough');
    for (const op of ['read', 'write'] as const) {
      const controller = new AbortController();
      const bytes = Buffer.alloc(ALL, 1);
      const moving = region[op](0, bytes, { signal: controller.signal });
      setTimeout(() => controller.abort(reason), 2);
      await assert.rejects(moving, reason);
      const seen = Buffer.from(bytes);
      // What is still under way may not come back to the bytes.
      await machine.swapoff().catch(() => {});
      assert.ok(bytes.equals(seen));
      bytes.fill(2);
    }
    const target = Buffer.alloc(PAGE_SIZE);
    let written = 0;
    for (let page = 0; page < PAGES; page += 1) {
      await region.read(page * PAGE_SIZE, target);
      const isWritten = target.equals(Buffer.alloc(PAGE_SIZE, 1));
      assert.ok(isWritten ? page === written : target.equals(noisePage(page)), `page ${page}`);
      if (isWritten) written += 1;
    }
    await assert.rejects(region.read(0, target, { signal: AbortSignal.abort(reason) }), reason);
    assertSound(machine);
  });

  it('refuse bytes that are detached while they wait', async (t) => {
    const { machine } = await openTestMachine(t, { pool: { limit: 0 } });
    const region = machine.map({ bytes: ALL });
    await writePages(region, 0, 8, noisePage);
    for (const op of ['read', 'write'] as const) {
      await region.pageout(0, ALL);
      const bytes = new Uint8Array(8 * PAGE_SIZE);
      const moving = region[op](0, bytes);
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      await assert.rejects(moving, /TypeError: .*detached/);
    }
    await assertPages(region, 0, 8, noisePage);
  });

  it('fail with a code where the device does not give a page back', async (t) => {
    const { machine, path } = await openTestMachine(t, { pool: { limit: 0 }, pageCluster: 0 });
    const region = machine.map({ bytes: ALL });
    await writePages(region, 0, 8, noisePage);
    await region.pageout(0, ALL);
    const fd = openSync(path, 'r+');
    writeSync(fd, Buffer.alloc(16 * PAGE_SIZE, 7), 0, 16 * PAGE_SIZE, PAGE_SIZE);
    const target = Buffer.alloc(PAGE_SIZE);
    await assert.rejects(region.read(0, target), { code: 'ZSWAP_CORRUPT' });
    await assert.rejects(region.pin(1), { code: 'ZSWAP_CORRUPT' });
    await region.prefetch(0, ALL);
    ftruncateSync(fd, PAGE_SIZE);
    closeSync(fd);
    await assert.rejects(region.read(0, target), { code: 'ZSWAP_DEVICE_IO' });
    await assert.rejects(machine.swapoff(), { code: 'ZSWAP_DEVICE_IO' });
    await region.discard(0, ALL);
    await region.read(0, target);
    assert.ok(target.equals(Buffer.alloc(PAGE_SIZE)));
    truncateSync(path, 65 * MIB);
    assertSound(machine);
  });
});

describe('pins', () => {
  it('hold the page itself, whatever others do', async (t) => {
    const { machine } = await openTestMachine(t);
    const region = machine.map({ bytes: ALL });
    await writePages(region, 0, 1, noisePage);
    const pin = await region.pin(0, { write: true });
    const { bytes } = pin;
    await writePages(region, 1, PAGES, noisePage);
    await region.pageout(0, ALL);
    assert.ok(noisePage(0).equals(bytes));
    bytes.set(textPage(0));
    const target = Buffer.alloc(PAGE_SIZE);
    assert.ok(region.readSync(0, target) && target.equals(textPage(0)));
    assert.equal(machine.stats().memory.pinned, PAGE_SIZE);
    pin.release();
    pin.release();
    assert.equal(machine.stats().memory.pinned, 0);
    assert.throws(() => pin.bytes, { code: 'ZSWAP_CLOSED' });
    await writePages(region, 1, PAGES, noisePage);
    await region.read(0, target);
    assert.ok(target.equals(textPage(0)));
    assertSound(machine);
  });

  it('end where their scope does', async (t) => {
    const { machine } = await openTestMachine(t, {}, false);
    const region = machine.map({ bytes: ALL });
    const pin = region.tryPin(3, { write: true });
    assert.ok(pin !== undefined && pin.page === 3);
    pin[Symbol.dispose]();
    assert.equal(machine.stats().memory.pinned, 0);
  });

  it('leave none to reclaim with an error, not a wait without end', async (t) => {
    for (const order of [0, 2]) {
      const { machine } = await openTestMachine(t, { memory: '256KiB' });
      const region = machine.map({ bytes: ALL, order });
      const pins = [];
      let failure: unknown;
      for (let page = 0; failure === undefined; page += 1) {
        try {
          pins.push(await region.pin(page, { write: true }));
        } catch (error) {
          failure = error;
        }
      }
      assert.equal((failure as { code?: string }).code, 'ZSWAP_NO_MEMORY');
      assert.match((failure as Error).message, /64 of 64 frames are in use, 64 pages pinned/);
      assert.equal(pins.length, 64);
      assert.equal(region.tryPin(100), undefined);
      assert.equal(region.writeSync(100 * PAGE_SIZE, textPage(0)), false);
      await assert.rejects(region.write(100 * PAGE_SIZE, textPage(0)), { code: 'ZSWAP_NO_MEMORY' });
      for (const pin of pins) pin.release();
      await writePages(region, 0, PAGES, noisePage);
      await assertPages(region, 0, PAGES, noisePage);
      assertSound(machine);
    }
  });

  it('keep a region from being copied and unmapped', async (t) => {
    const { machine } = await openTestMachine(t, {}, false);
    const region = machine.map({ bytes: ALL });
    const pin = await region.pin(0);
    assert.throws(() => region.copy(), { code: 'ZSWAP_BUSY' });
    await assert.rejects(region.unmap(), { code: 'ZSWAP_BUSY' });
    assert.equal(region.writeSync(0, textPage(0)), true);
    pin.release();
    await region.unmap();
    await assert.rejects(region.pin(0), { code: 'ZSWAP_CLOSED' });
  });
});

describe('discard, pageout and prefetch', () => {
  it('make the whole pages of a range zeros and give back what they hold', async (t) => {
    const { machine } = await openTestMachine(t);
    const region = machine.map({ bytes: ALL, order: 4 });
    await writePages(region, 0, PAGES, noisePage);
    await region.discard(100, 3 * PAGE_SIZE);
    await assertPages(region, 0, 1, noisePage);
    await assertPages(region, 1, 3, () => Buffer.alloc(PAGE_SIZE));
    await assertPages(region, 3, PAGES, noisePage);
    await region.discard(5, 10);
    await region.discard(0, ALL);
    const { memory, swap } = machine.stats();
    assert.deepEqual([memory.used, swap?.used_bytes], [0, 0]);
    await assertPages(region, 0, PAGES, () => Buffer.alloc(PAGE_SIZE));
    assertSound(machine);
  });

  it('swap a range out and bring it back in', async (t) => {
    const { machine } = await openTestMachine(t, { memory: '4MiB', pool: { limit: 0 } });
    const region = machine.map({ bytes: ALL });
    const half = ALL / 8;
    await writePages(region, 0, PAGES / 2, noisePage);
    await region.pageout(0, half);
    assert.equal(machine.stats().memory.used, ALL / 2 - half);
    const target = Buffer.alloc(PAGE_SIZE);
    assert.equal(region.readSync(0, target), false);
    await region.prefetch(0, half);
    assert.equal(machine.stats().memory.used, ALL / 2);
    for (let page = 0; page < PAGES / 8; page += 1) {
      assert.ok(region.readSync(page * PAGE_SIZE, target) && target.equals(noisePage(page)));
    }
    assertSound(machine);
  });

  it('end when aborted', async (t) => {
    const { machine } = await openTestMachine(t, { memory: '8MiB', pool: { limit: 0 } });
    const region = machine.map({ bytes: ALL });
    const reason = new Error('enough');
    await writePages(region, 0, PAGES, noisePage);
    for (const op of ['pageout', 'prefetch'] as const) {
      const controller = new AbortController();
      const running = region[op](0, ALL, { signal: controller.signal });
      controller.abort(reason);
      await assert.rejects(running, reason);
      await region.pageout(0, ALL);
    }
    const { signal } = new AbortController();
    await region.discard(0, ALL / 2, { signal });
    await assert.rejects(region.discard(0, ALL, { signal: AbortSignal.abort(reason) }), reason);
    await assertPages(region, PAGES / 2, PAGES, noisePage);
    await region.unmap();
    assert.equal(machine.stats().memory.used, 0);
  });

  it('prefetch no more than there are frames', async (t) => {
    const { machine } = await openTestMachine(t);
    const region = machine.map({ bytes: ALL });
    await writePages(region, 0, PAGES, noisePage);
    await region.prefetch(0, ALL);
    await assertPages(region, 0, PAGES, noisePage);
  });
});

describe('copy', () => {
  it('shares pages until one of the regions writes', async (t) => {
    const { machine } = await openTestMachine(t);
    const group = machine.group('tenant');
    const region = machine.map({ bytes: ALL, order: 2 });
    await writePages(region, 0, PAGES, mixedPage);
    const used = machine.stats().memory.used;
    const copy = region.copy({ name: 'copy', group });
    assert.equal(machine.stats().memory.used, used);
    assert.deepEqual([copy.name, copy.group, copy.order, copy.bytes], ['copy', group, 2, ALL]);
    await writePages(region, 0, PAGES / 2, noisePage);
    await writePages(copy, PAGES / 2, PAGES, textPage);
    await assertPages(region, 0, PAGES / 2, noisePage);
    await assertPages(region, PAGES / 2, PAGES, mixedPage);
    await assertPages(copy, 0, PAGES / 2, mixedPage);
    await assertPages(copy, PAGES / 2, PAGES, textPage);
    assertSound(machine);
    await region.unmap();
    await assertPages(copy, 0, PAGES / 2, mixedPage);
    assertSound(machine);
    await copy.unmap();
    assert.deepEqual([machine.stats().memory.used, machine.stats().swap?.used_bytes], [0, 0]);
  });
});

describe('unmap', () => {
  it('waits for what is under way and refuses what comes after', async (t) => {
    const { machine } = await openTestMachine(t, { pool: { limit: 0 } });
    const region = machine.map({ bytes: ALL });
    await writePages(region, 0, 64, noisePage);
    await region.pageout(0, ALL);
    const target = Buffer.alloc(64 * PAGE_SIZE);
    const reading = region.read(0, target);
    const prefetching = region.prefetch(0, ALL);
    const unmapping = region.unmap();
    assert.equal(region.unmap(), unmapping);
    assert.throws(() => region.readSync(0, target), { code: 'ZSWAP_CLOSED' });
    await unmapping;
    await Promise.all([reading, prefetching]);
    assert.ok(target.subarray(-PAGE_SIZE).equals(noisePage(63)));
    assert.equal(machine.stats().swap?.used_bytes, 0);
    await assert.rejects(region.prefetch(0, 1), { code: 'ZSWAP_CLOSED' });
  });
});

describe('discardSync', () => {
  it('discards a few pages at once, and refuses what takes long', async (t) => {
    const { machine } = await openTestMachine(t, { pool: { limit: '16MiB' } }, false);
    const region = machine.map({ bytes: ALL });
    const text = Buffer.alloc(ALL, 'text ');
    await region.write(0, text);
    assert.equal(region.discardSync(PAGE_SIZE, 4 * PAGE_SIZE), true);
    const found = Buffer.alloc(6 * PAGE_SIZE, 1);
    assert.equal(region.readSync(0, found), true);
    text.fill(0, PAGE_SIZE, 5 * PAGE_SIZE);
    assert.ok(found.equals(text.subarray(0, 6 * PAGE_SIZE)));
    if (!region.discardSync(0, ALL)) await region.discard(0, ALL);
    // Nothing of a discard that was given up is under way: what is written now stays.
    await region.write(0, text);
    await new Promise((resolve) => setImmediate(resolve));
    const all = Buffer.alloc(ALL);
    await region.read(0, all);
    assert.ok(all.equals(text));
    assert.throws(() => region.discardSync(0, ALL + 1), RangeError);
    assertSound(machine);
  });
});
