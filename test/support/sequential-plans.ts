/**
 * Plans of the sequential suite: named ones, each with what must have happened in it, and a
 * generator of others. Versions: 0 is a zero-filled page, every third does not compress, and the
 * compressor fails for 250.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Machine } from '../../src/sim/sequential/machine.ts';
import type { Operation, Plan } from '../../src/sim/sequential/plan.ts';
import { DISK_PAGES } from '../../src/sim/sequential/plan.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { ZPOOLS } from '../../src/zpool/open.ts';

const DISK_BYTES = DISK_PAGES * PAGE_SIZE;

export interface NamedPlan {
  readonly name: string;
  readonly plan: Plan;
  /** What must have happened: a plan that does not reach it shows nothing. */
  readonly atEnd?: (machine: Machine) => void;
}

const write = (disk: number, page: number, ...versions: readonly number[]): Operation => ({
  op: 'write',
  disk,
  page,
  versions,
});
const read = (disk: number, offset = 0, length = DISK_BYTES): Operation => ({
  op: 'read',
  disk,
  offset,
  length,
});
const trim = (disk: number, page: number, pages = 1): Operation => ({
  op: 'trim',
  disk,
  offset: page * PAGE_SIZE,
  length: pages * PAGE_SIZE,
});
const zero = (disk: number, offset: number, length: number): Operation => ({
  op: 'zero',
  disk,
  offset,
  length,
});
const writePart = (disk: number, offset: number, length: number, version: number): Operation => ({
  op: 'write-part',
  disk,
  offset,
  length,
  version,
});
const chill = (disk: number): Operation => ({ op: 'chill', disk });
const writeBack = (disk: number, pages: number): Operation => ({ op: 'write-back', disk, pages });
const enabled = (on: boolean): Operation => ({ op: 'enabled', on });
const errors = (reads: boolean, writes: boolean): Operation => ({
  op: 'device-errors',
  reads,
  writes,
});
const pool = (codec: number, zpool: (typeof ZPOOLS)[number] = 'zsmalloc'): Operation => ({
  op: 'pool',
  codec,
  zpool,
});
const limit = (disk: number, pages: number | 'max'): Operation => ({
  op: 'group-limit',
  disk,
  pages,
});

function planOf(operations: readonly Operation[], machine: Partial<Plan> = {}): Plan {
  return { poolPages: 1000, devicePages: 64, ...machine, operations };
}

/** What backs the pages of a disk: one letter each, of free, zero, entry, device. */
function backing(machine: Machine, disk: number): string {
  const letters = machine.backingOf(machine.diskOf(disk)).map(({ kind }) => kind.charAt(0));
  return letters.join('');
}

export const NAMED_PLANS: readonly NamedPlan[] = [
  {
    name: 'stores, reads again and again, overwrites and trims',
    plan: planOf([
      write(0, 0, 1, 2, 3, 4),
      read(0),
      read(0),
      write(0, 1, 5, 6),
      read(0),
      trim(0, 0, 2),
      read(0),
    ]),
    atEnd: (machine) => assert.equal(backing(machine, 0), 'ffeeff'),
  },
  {
    name: 'rewrites stored pages with zeros, and zeros with stored pages',
    plan: planOf([
      write(0, 0, 1, 2, 3),
      write(0, 0, 0, 0),
      read(0),
      write(0, 0, 4),
      writeBack(0, 4),
      write(0, 2, 0),
      chill(0),
      writeBack(0, 4),
      write(0, 0, 0),
      read(0),
    ]),
    atEnd: (machine) => assert.equal(backing(machine, 0), 'zzzfff'),
  },
  {
    name: 'overwrites pages that have been written back, and writes those back again',
    plan: planOf([
      write(0, 0, 1, 2, 3),
      chill(0),
      writeBack(0, 2),
      read(0),
      write(0, 0, 4, 5),
      chill(0),
      writeBack(0, 3),
      trim(0, 1),
      read(0),
    ]),
    atEnd: (machine) => assert.equal(backing(machine, 0), 'dfdfff'),
  },
  {
    name: 'gives what has been used a second chance, and takes the coldest first',
    plan: planOf([
      write(0, 0, 1, 2, 4, 5),
      writeBack(0, 4),
      read(0, PAGE_SIZE, PAGE_SIZE),
      writeBack(0, 2),
      read(0),
    ]),
    atEnd: (machine) => assert.equal(backing(machine, 0), 'dedeff'),
  },
  {
    name: 'writes parts of pages that are free, zero, in the pool and on the device',
    plan: planOf([
      writePart(0, 100, 200, 1),
      write(0, 1, 0, 2, 4),
      chill(0),
      writeBack(0, 1),
      writePart(0, PAGE_SIZE + 5, 3 * PAGE_SIZE - 10, 7),
      read(0),
      zero(0, 50, 3 * PAGE_SIZE),
      read(0),
      writePart(0, 3 * PAGE_SIZE - 1, 2, 9),
      { op: 'trim', disk: 0, offset: 10, length: 2 * PAGE_SIZE },
      read(0, 7, 5 * PAGE_SIZE),
    ]),
  },
  {
    name: 'keeps pages where they are when the device refuses a batch',
    plan: planOf([
      write(0, 0, 1, 3, 4),
      chill(0),
      errors(false, true),
      writeBack(0, 3),
      read(0),
      errors(false, false),
      chill(0),
      writeBack(0, 3),
    ]),
    atEnd: (machine) => assert.equal(backing(machine, 0), 'dddfff'),
  },
  {
    name: 'keeps the older version when zswap and the device refuse a newer one',
    plan: planOf([
      write(0, 0, 1, 2),
      enabled(false),
      errors(false, true),
      write(0, 0, 4),
      write(0, 0, 5, 7, 8),
      errors(false, false),
      write(0, 1, 10),
      read(0),
    ]),
    atEnd: (machine) => assert.equal(backing(machine, 0), 'edffff'),
  },
  {
    name: 'answers with an error where the device cannot be read, and with the page afterwards',
    plan: planOf([
      write(0, 0, 1, 2),
      chill(0),
      writeBack(0, 1),
      errors(true, false),
      read(0),
      writePart(0, 10, 20, 4),
      errors(false, false),
      read(0),
    ]),
  },
  {
    name: 'goes past a pool that is switched off, and into it again',
    plan: planOf([
      write(0, 0, 1, 2, 3),
      enabled(false),
      write(0, 0, 4),
      read(0),
      write(0, 1, 0),
      trim(0, 2),
      enabled(true),
      write(0, 0, 5),
      read(0),
    ]),
    atEnd: (machine) => assert.equal(backing(machine, 0), 'ezffff'),
  },
  {
    name: 'refuses new pages when the device is full, and loses none',
    plan: planOf(
      [
        write(0, 0, 1, 2, 4, 5),
        chill(0),
        writeBack(0, 4),
        enabled(false),
        write(0, 3, 7),
        write(0, 0, 8, 10),
        trim(0, 0),
        write(0, 3, 7),
        read(0),
      ],
      { devicePages: 2 },
    ),
    atEnd: (machine) => assert.equal(backing(machine, 0), 'fdedff'),
  },
  {
    name: 'has older versions written back to make room for a write that is refused',
    plan: planOf([write(0, 2, 0, 1), limit(0, 0), writeBack(0, 1), write(0, 2, 1, 2, 1), read(0)], {
      poolPages: 64,
      devicePages: 2,
    }),
  },
  {
    name: 'keeps a group at its limit, at the cost of its own pages only',
    plan: planOf([
      write(1, 0, 3, 6),
      chill(1),
      write(0, 0, 3),
      chill(0),
      limit(0, 1),
      write(0, 1, 6),
      chill(0),
      write(0, 1, 9),
      chill(0),
      write(0, 0, 4, 5),
      read(0),
      limit(0, 0),
      chill(0),
      write(0, 2, 7),
      limit(0, 'max'),
      write(0, 3, 8),
    ]),
    atEnd: (machine) => {
      assert.equal(backing(machine, 1), 'eeffff');
      assert.ok(machine.world.zswap.stats.written_back_pages > 0);
    },
  },
  {
    name: 'refuses the pages of a group that may not be written back',
    plan: planOf([
      write(0, 0, 1),
      { op: 'group-writeback', disk: 0, on: false },
      write(0, 0, 3),
      limit(0, 0),
      write(0, 1, 2),
      { op: 'group-writeback', disk: 0, on: true },
      write(0, 0, 3),
      read(0),
    ]),
    atEnd: (machine) => assert.equal(backing(machine, 0), 'dfffff'),
  },
  {
    name: 'shrinks a full pool in the background, all groups in turn',
    plan: planOf(
      [
        write(0, 0, 3, 6),
        write(1, 0, 9, 12),
        chill(0),
        chill(1),
        write(0, 2, 15),
        write(0, 3, 18),
        chill(0),
        write(1, 2, 21, 24, 27),
        write(0, 0, 1, 2, 4, 5),
        read(0),
        read(1),
      ],
      { poolPages: 4 },
    ),
    atEnd: ({ world }) => assert.ok(world.zswap.stats.written_back_pages > 1),
  },
  {
    name: 'ends with a full pool whose entries are all in use, and goes on with the next store',
    plan: planOf([write(0, 0, 3, 6), write(1, 0, 9), write(1, 1, 12), read(0), read(1)], {
      poolPages: 2,
    }),
    atEnd: ({ world }) => assert.ok(world.zswap.stats.written_back_pages > 0),
  },
  {
    name: 'lives without memory for objects, and without a device',
    plan: planOf([write(0, 0, 3), write(0, 0, 6), write(0, 1, 9), write(0, 0, 0), write(0, 1, 9)], {
      arenaPages: 1,
      devicePages: 0,
    }),
    atEnd: ({ world }) => assert.ok(world.zswap.stats.rejects.reject_alloc_fail > 0),
  },
  {
    name: 'sends to the device what the allocator has no memory for',
    plan: planOf([write(0, 0, 3), write(0, 0, 6), write(0, 1, 9), read(0)], { arenaPages: 1 }),
    atEnd: (machine) => assert.equal(backing(machine, 0), 'deffff'),
  },
  {
    name: 'keeps what the compressor fails for',
    plan: planOf([write(0, 0, 250), read(0), chill(0), writeBack(0, 1), read(0)]),
    atEnd: (machine) => assert.equal(backing(machine, 0), 'dfffff'),
  },
  {
    name: 'switches compressors and allocators under stored pages, and drains the older pools',
    plan: planOf([
      write(0, 0, 1, 2, 3),
      pool(1),
      read(0),
      write(0, 0, 4),
      pool(1, 'zbud'),
      write(0, 1, 5),
      chill(0),
      writeBack(0, 3),
      read(0),
      pool(0, 'z3fold'),
      write(0, 2, 7),
      read(0),
      pool(0),
      trim(0, 0, 3),
    ]),
    atEnd: ({ world }) => assert.equal([...world.zswap.pools.pools()].length, 1),
  },
  {
    name: 'moves objects together, and reads and overwrites what has moved',
    plan: planOf([
      ...[0, 1].flatMap((disk) => [write(disk, 0, 2, 7, 12, 17, 22, 2)]),
      trim(0, 1, 3),
      trim(1, 0, 2),
      { op: 'compact' },
      read(0),
      read(1),
      write(0, 0, 1, 2, 7),
      trim(1, 2, 3),
      { op: 'compact' },
      read(1),
    ]),
  },
  {
    name: 'adds disks, removes some with pages everywhere, and uses their slots again',
    plan: planOf([
      write(0, 0, 1, 2, 3, 0),
      write(1, 0, 4, 5),
      chill(0),
      writeBack(0, 1),
      { op: 'remove-disk', disk: 0 },
      read(0),
      { op: 'add-disk' },
      { op: 'add-disk' },
      read(1),
      write(1, 0, 7, 8),
      write(2, 0, 3),
      read(0),
      { op: 'remove-disk', disk: 2 },
      read(1),
    ]),
    atEnd: ({ disks }) => assert.equal(disks.length, 2),
  },
  {
    name: 'takes pages over for good, once',
    plan: planOf([
      write(0, 0, 1, 2, 3),
      { op: 'take-over', disk: 0, page: 0 },
      { op: 'take-over', disk: 0, page: 0 },
      chill(0),
      writeBack(0, 1),
      { op: 'take-over', disk: 0, page: 1 },
      { op: 'take-over', disk: 0, page: 2 },
      read(0),
    ]),
    atEnd: (machine) => assert.equal(backing(machine, 0), 'fdffff'),
  },
  {
    name: 'reclaims bytes of one group',
    plan: planOf([
      write(0, 0, 3, 6, 9),
      write(1, 0, 3),
      { op: 'reclaim', disk: 0, bytes: 2 * PAGE_SIZE },
      read(0),
      { op: 'reclaim', disk: 0, bytes: 100 * PAGE_SIZE },
      read(0),
    ]),
    atEnd: (machine) => assert.equal(backing(machine, 0) + backing(machine, 1), 'dddfffefffff'),
  },
];

const disk = fc.nat({ max: 3 });
const page = fc.nat({ max: DISK_PAGES - 1 });
const version = fc.oneof(
  { arbitrary: fc.nat({ max: 40 }), weight: 8 },
  { arbitrary: fc.constantFrom(0, 250), weight: 2 },
);
const pages = fc.integer({ min: 1, max: DISK_PAGES });
const offset = fc.nat({ max: DISK_BYTES - 1 });
const length = fc.integer({ min: 1, max: 3 * PAGE_SIZE });
const op = <Name extends string>(name: Name): fc.Arbitrary<Name> => fc.constant(name);
const versions = fc.array(version, { minLength: 1, maxLength: 4 });
/** Ranges of whole pages, as kernels ask for; and others. */
const wholePages = {
  offset: page.map((n) => n * PAGE_SIZE),
  length: pages.map((n) => n * PAGE_SIZE),
};

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ op: op('write'), disk, page, versions }) },
  { weight: 3, arbitrary: fc.record({ op: op('write-part'), disk, offset, length, version }) },
  { weight: 4, arbitrary: fc.record({ op: op('read'), disk, ...wholePages }) },
  { weight: 1, arbitrary: fc.record({ op: op('read'), disk, offset, length }) },
  { weight: 2, arbitrary: fc.record({ op: op('trim'), disk, ...wholePages }) },
  { weight: 1, arbitrary: fc.record({ op: op('trim'), disk, offset, length }) },
  { weight: 1, arbitrary: fc.record({ op: op('zero'), disk, offset, length }) },
  { weight: 1, arbitrary: fc.record({ op: op('take-over'), disk, page }) },
  { weight: 3, arbitrary: fc.record({ op: op('chill'), disk }) },
  { weight: 3, arbitrary: fc.record({ op: op('write-back'), disk, pages }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: op('reclaim'), disk, bytes: fc.nat({ max: 4 * PAGE_SIZE }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: op('group-limit'),
      disk,
      pages: fc.oneof(fc.nat({ max: 3 }), fc.constant('max' as const)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: op('group-writeback'), disk, on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: op('pool-limit'), pages: fc.constantFrom(0, 1, 3, 8, 1000) }),
  },
  { weight: 1, arbitrary: fc.record({ op: op('enabled'), on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: op('pool'),
      codec: fc.nat({ max: 1 }),
      zpool: fc.constantFrom(...ZPOOLS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: op('device-errors'), reads: fc.boolean(), writes: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ op: op('compact') }) },
  { weight: 1, arbitrary: fc.record({ op: op('add-disk') }) },
  { weight: 1, arbitrary: fc.record({ op: op('remove-disk'), disk }) },
);

/** Any plan: small machines, so that limits, errors and full devices are met often. */
export const ANY_PLAN: fc.Arbitrary<Plan> = fc.record({
  poolPages: fc.constantFrom(1, 2, 4, 8, 1000),
  devicePages: fc.constantFrom(0, 2, 5, 64),
  arenaPages: fc.constantFrom(undefined, undefined, 1, 4),
  operations: fc.array(operation, { minLength: 5, maxLength: 60 }),
});
