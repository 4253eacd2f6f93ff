/**
 * What each operation of the sequential suite does, and what must be true when it has ended: what
 * the pages hold, what backs them, and that nobody else's pages have moved.
 */
import { present } from '../../std/assert.ts';
import { EIO, ENOSPC, OK } from '../../std/errno.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { BIO_PAGES } from '../../swap/device/device.ts';
import { Reclaim } from '../../zswap/shrink/reclaim.ts';
import { SHRINK_SCAN } from '../../zswap/shrink/shrink.ts';
import { Writeback } from '../../zswap/writeback.ts';
import { createZpool } from '../../zpool/open.ts';
import { ExclusiveLoad } from '../world/exclusive-load.ts';
import { pageOf } from '../world/versions.ts';
import { createWordCodec } from '../world/word-codec.ts';
import { check, type Backed, type Machine, type ModelDisk } from './machine.ts';
import { DISKS_MAX, DISK_PAGES, type Operation } from './plan.ts';

/** Pages that a store may take over a limit: those of the largest zspage. */
const ZSPAGE_PAGES_MAX = 8;
/** Every request of the device fails. */
const ALWAYS = 256;
const DISK_BYTES = DISK_PAGES * PAGE_SIZE;

type Of<Name extends Operation['op']> = Extract<Operation, { readonly op: Name }>;

/** Does one operation and checks its outcome. */
export async function operate(machine: Machine, operation: Operation): Promise<void> {
  switch (operation.op) {
    case 'write':
      return write(machine, operation);
    case 'write-part':
      return writePart(machine, operation);
    case 'read':
      return read(machine, operation);
    case 'trim':
    case 'zero':
      return discard(machine, operation);
    case 'take-over':
      return takeOver(machine, operation);
    case 'write-back':
      return writeBack(machine, operation);
    case 'reclaim':
      return reclaim(machine, operation);
    case 'add-disk':
      if (machine.disks.length < DISKS_MAX) machine.addDisk();
      return undefined;
    case 'remove-disk':
      if (machine.disks.length > 1) machine.removeDisk(machine.diskOf(operation.disk));
      return undefined;
    case 'compact': {
      const before = machine.world.zswap.pools.totalPages();
      for (const pool of machine.world.zswap.pools.pools()) pool.zpool.compact(Infinity);
      check(machine.world.zswap.pools.totalPages() <= before, 'compaction has taken pages');
      return undefined;
    }
    case 'chill':
    case 'group-limit':
    case 'group-writeback':
    case 'pool-limit':
    case 'enabled':
    case 'pool':
    case 'device-errors':
      return set(machine, operation);
  }
}

type Setting = Of<
  'chill' | 'group-limit' | 'group-writeback' | 'pool-limit' | 'enabled' | 'pool' | 'device-errors'
>;

/** What only changes a setting. */
function set(machine: Machine, operation: Setting): void {
  const { params, zswap, arena, device } = machine.world;
  switch (operation.op) {
    case 'chill': {
      let index = zswap.lru.oldest(machine.diskOf(operation.disk).memcg.id);
      for (; index !== 0; index = zswap.entries.next(index)) {
        zswap.entries.setReferenced(index, false);
      }
      return;
    }
    case 'group-limit': {
      const { pages } = operation;
      const bytes = pages === 'max' ? Infinity : pages * PAGE_SIZE;
      machine.diskOf(operation.disk).memcg.setZswapMax(bytes);
      return;
    }
    case 'group-writeback':
      machine.diskOf(operation.disk).memcg.setWriteback(operation.on);
      return;
    case 'pool-limit':
      params.poolBytes = operation.pages * PAGE_SIZE;
      return;
    case 'enabled':
      params.enabled = operation.on;
      return;
    case 'pool':
      zswap.setCurrentPool(createWordCodec(operation.codec), operation.zpool, (cells) =>
        createZpool(operation.zpool, arena, cells),
      );
      return;
    case 'device-errors':
      if (device === undefined) return;
      device.readErrors = operation.reads ? ALWAYS : 0;
      device.writeErrors = operation.writes ? ALWAYS : 0;
  }
}

function write(machine: Machine, operation: Of<'write'>): void {
  const model = machine.diskOf(operation.disk);
  const versions = operation.versions.slice(0, DISK_PAGES - operation.page);
  const data = new Uint8Array(versions.length * PAGE_SIZE);
  for (const [i, version] of versions.entries()) data.set(pageOf(version), i * PAGE_SIZE);
  const before = machine.backingOf(model);
  const { params, zswap } = machine.world;
  const pagesBefore = zswap.pools.totalPages();
  const hasRoom = machine.hasRoom(model);
  const error = put(machine, model, operation.page * PAGE_SIZE, data);
  const after = machine.backingOf(model);
  for (const [i, version] of versions.entries()) {
    const { kind } = present(after[operation.page + i]);
    const isWritten = holds(model, operation.page + i, pageOf(version));
    if (!isWritten) {
      check(!hasRoom, 'a write was refused with room in the pool');
      // Refused: what backed the page does so still, unless it was written back to make room.
      const was = present(before[operation.page + i]).kind;
      const isWrittenBack = was === 'entry' && kind === 'device';
      check(kind === was || isWrittenBack, 'a refused write moved its page');
    } else if (!params.enabled && version !== 0) {
      const was = present(before[operation.page + i]).kind;
      check(kind === 'device' || kind === was, `stored as ${kind} while zswap is off`);
    } else if (version === 0) {
      check(error !== OK || kind === 'zero', `zeros are stored as ${kind}`);
    } else check(!hasRoom || kind === 'entry', `stored as ${kind} with room in the pool`);
  }
  const limit = Math.max(pagesBefore, params.maxPages());
  const over = zswap.pools.totalPages() - limit;
  check(over <= ZSPAGE_PAGES_MAX, `the pool is ${over} pages over its limit`);
}

function writePart(machine: Machine, operation: Of<'write-part'>): void {
  const model = machine.diskOf(operation.disk);
  const length = Math.min(operation.length, DISK_BYTES - operation.offset);
  const data = new Uint8Array(length);
  const page = pageOf(operation.version);
  for (let i = 0; i < length; i += 1) data[i] = present(page[i % PAGE_SIZE]);
  put(machine, model, operation.offset, data);
}

/** Writes, and notes what the disk holds then. A refused write has written whole pages or none. */
function put(machine: Machine, model: ModelDisk, offset: number, data: Uint8Array): number {
  const request = machine.request(model, 'write', offset, data.length, data);
  const older = model.bytes.slice();
  model.bytes.set(data, offset);
  if (request.error !== OK)
    settleRefused(machine, model, request.error, older, offset, data.length);
  return request.error;
}

/** Finds out which pages of a refused write are the older and which the newer ones. */
function settleRefused(
  machine: Machine,
  model: ModelDisk,
  error: number,
  older: Uint8Array,
  offset: number,
  length: number,
): void {
  checkMayFail(machine, model, error);
  const { device } = machine.world;
  const { readErrors = 0 } = device ?? {};
  if (device !== undefined) device.readErrors = 0;
  const first = Math.floor(offset / PAGE_SIZE);
  const end = Math.ceil((offset + length) / PAGE_SIZE);
  for (let page = first; page < end; page += 1) {
    const at = page * PAGE_SIZE;
    const { data } = machine.request(model, 'read', at, PAGE_SIZE);
    const wasRefused = equal(data, older.subarray(at, at + PAGE_SIZE));
    check(wasRefused || holds(model, page, data), `a refused write has torn page ${page}`);
    check(wasRefused || end - first > 1, 'a refused write was carried out');
    if (wasRefused) model.bytes.set(data, at);
  }
  if (device !== undefined) device.readErrors = readErrors;
}

/** A write may be refused only where there is no room or the device errs. */
function checkMayFail(machine: Machine, { memcg }: ModelDisk, error: number): void {
  const { device, swap } = machine.world;
  const isFull = (swap.backing?.freePages ?? 0) < DISK_PAGES;
  const noRoom = isFull || !memcg.writebackEnabled();
  const errs = (device?.readErrors ?? 0) + (device?.writeErrors ?? 0) > 0;
  check(
    (error === ENOSPC && noRoom) || (error === EIO && errs),
    `a write failed with error ${error}`,
  );
}

function read(machine: Machine, operation: Of<'read'>): void {
  const model = machine.diskOf(operation.disk);
  const { offset } = operation;
  const length = Math.min(operation.length, DISK_BYTES - offset);
  const before = machine.backingOf(model);
  const request = machine.request(model, 'read', offset, length);
  check(sameBacking(before, machine.backingOf(model)), 'a read has moved pages');
  if (request.error === OK) {
    const expected = model.bytes.subarray(offset, offset + length);
    check(equal(request.data, expected), `a read of ${offset} + ${length} is wrong`);
    return;
  }
  const end = Math.ceil((offset + length) / PAGE_SIZE);
  const pages = before.slice(Math.floor(offset / PAGE_SIZE), end);
  const mayFail = pages.some(({ kind }) => kind === 'device');
  check(mayFail && (machine.world.device?.readErrors ?? 0) > 0, 'a read has failed');
}

function discard(machine: Machine, operation: Of<'trim' | 'zero'>): void {
  const model = machine.diskOf(operation.disk);
  const { op, offset } = operation;
  const length = Math.min(operation.length, DISK_BYTES - offset);
  const older = model.bytes.slice();
  const request = machine.request(model, op, offset, length);
  const firstWhole = Math.ceil(offset / PAGE_SIZE);
  const endWhole = Math.floor((offset + length) / PAGE_SIZE);
  if (op === 'zero') model.bytes.fill(0, offset, offset + length);
  else if (endWhole > firstWhole) {
    model.bytes.fill(0, firstWhole * PAGE_SIZE, endWhole * PAGE_SIZE);
  }
  if (request.error !== OK) {
    check(op === 'zero', 'a trim has failed');
    settleRefused(machine, model, request.error, older, offset, length);
    return;
  }
  const after = machine.backingOf(model);
  for (let page = firstWhole; page < endWhole; page += 1) {
    check(after[page]?.kind === 'free', `page ${page} is not free`);
  }
}

function takeOver(machine: Machine, operation: Of<'take-over'>): void {
  const model = machine.diskOf(operation.disk);
  const page = operation.page % DISK_PAGES;
  const before = machine.backingOf(model);
  const load = new ExclusiveLoad(machine.world.zswap, machine.slot(model, page));
  machine.perform({
    label: `take over ${page}`,
    begin: (actor) => {
      machine.rt.nameTask(load, actor.name);
      load.start(() => actor.done());
      return false;
    },
  });
  const isEntry = before[page]?.kind === 'entry';
  check(load.result === (isEntry ? 'loaded' : 'absent'), `a load was ${load.result}`);
  if (!isEntry) return;
  check(holds(model, page, load.page), 'a page that was taken over is wrong');
  check(machine.backingOf(model)[page]?.kind === 'free', 'its entry has stayed');
  model.bytes.fill(0, page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
}

/** One batch takes exactly the coldest entries, and as many as it may; an error changes nothing. */
function writeBack(machine: Machine, operation: Of<'write-back'>): void {
  const { world, rt } = machine;
  const { device, zswap } = world;
  const { backing } = world.swap;
  if (device === undefined || backing === undefined) return;
  const model = machine.diskOf(operation.disk);
  const cold = coldPages(machine, model);
  const wanted = Math.min(operation.pages, BIO_PAGES, cold.length, backing.freePages);
  const expected = device.writeErrors > 0 ? [] : cold.slice(0, wanted);
  const before = machine.backingOf(model);
  const batch = new Writeback(zswap);
  machine.perform({
    label: `write back ${operation.pages}`,
    begin: (actor) => {
      rt.nameTask(batch, actor.name);
      batch.onEnd = () => actor.done();
      return batch.begin(model.memcg, SHRINK_SCAN, operation.pages);
    },
  });
  check(batch.written === expected.length, `${batch.written} written, not ${expected.length}`);
  for (const [page, { kind }] of machine.backingOf(model).entries()) {
    const wasWritten = expected.includes(page);
    const should = wasWritten ? 'device' : present(before[page]).kind;
    check(kind === should, `page ${page} is on the ${kind}`);
  }
}

/** Pages that have an entry without a second chance, the coldest first. */
function coldPages(machine: Machine, model: ModelDisk): readonly number[] {
  const { zswap } = machine.world;
  const pages: number[] = [];
  let index = zswap.lru.oldest(model.memcg.id);
  for (; index !== 0; index = zswap.entries.next(index)) {
    if (zswap.entries.referenced(index)) continue;
    pages.push(zswap.slotOf(index) - model.disk.area.firstSlot);
  }
  return pages;
}

async function reclaim(machine: Machine, operation: Of<'reclaim'>): Promise<void> {
  const { memcg } = machine.diskOf(operation.disk);
  const before = memcg.zswapCurrent;
  const run = new Reclaim(machine.world.zswap);
  const ended = new Promise<void>((resolve) => {
    run.onEnd = resolve;
    if (run.begin(memcg, operation.bytes)) resolve();
  });
  await machine.settle(ended);
  check(memcg.zswapCurrent === before - run.freed, `${run.freed} bytes freed, it says`);
}

/** Says whether a page holds these bytes, as far as the model knows. */
function holds({ bytes }: ModelDisk, page: number, expected: Uint8Array): boolean {
  return equal(bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE), expected);
}

export function sameBacking(one: readonly Backed[], other: readonly Backed[]): boolean {
  return one.every(
    ({ kind, length }, page) => other[page]?.kind === kind && other[page].length === length,
  );
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
