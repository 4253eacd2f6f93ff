/**
 * Goal: no sequence of calls loses, mixes or leaks an object. Method: random sequences over small
 * chunks and a tight page limit, run beside a map of handle to bytes; contents, tags, page counts
 * and what the arena holds are compared at the end, and again when everything has been freed.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EINVAL, ENOMEM, ENOSPC, OK } from '../../src/std/errno.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { ArrayCells, assertObject, patternBytes } from '../../src/testing/zpool-contract.ts';
import { Arena } from '../../src/zpool/arena.ts';
import { createZpool, ZPOOLS } from '../../src/zpool/open.ts';
import type { Zpool } from '../../src/zpool/zpool.ts';
import { Zsmalloc } from '../../src/zpool/zsmalloc.ts';

const HANDLES = 60;
const CHUNK_BYTES = 8 * PAGE_SIZE;
/** Uses all bits of a tag. */
const tagFor = (handle: number): number => 2 ** 32 - handle;

const size = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: PAGE_SIZE }) },
  { weight: 3, arbitrary: fc.integer({ min: 1100, max: 1500 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 100 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 24, 25, 3624, 3625, 3968, 3969, 4096, 4097) },
);
const handle = fc.integer({ min: 1, max: HANDLES });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ verb: fc.constant('malloc' as const), handle, size }) },
  { weight: 4, arbitrary: fc.record({ verb: fc.constant('free' as const), handle }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('write' as const), handle }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('read' as const), handle }) },
  {
    weight: 1,
    arbitrary: fc.record({
      verb: fc.constant('compact' as const),
      budget: fc.integer({ min: 0, max: 20 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Machine {
  readonly arena: Arena;
  readonly cells = new ArrayCells();
  readonly model = new Map<number, Uint8Array>();
  readonly zpool: Zpool;
  readonly #pageLimit: number;
  #writes = 0;

  constructor(create: (arena: Arena, cells: ArrayCells) => Zpool, pageLimit: number) {
    this.#pageLimit = pageLimit;
    this.arena = new Arena({ chunkBytes: CHUNK_BYTES, pageLimit });
    this.zpool = create(this.arena, this.cells);
  }

  run(step: Step): void {
    if (step.verb === 'compact') {
      const before = this.zpool.totalPages;
      this.zpool.compact(step.budget);
      assert.ok(this.zpool.totalPages <= before);
      return;
    }
    const bytes = this.model.get(step.handle);
    if (step.verb === 'malloc') {
      if (bytes === undefined) this.#malloc(step.handle, step.size);
    } else if (bytes !== undefined) {
      if (step.verb === 'free') this.free(step.handle);
      else if (step.verb === 'write') this.#write(step.handle, bytes.length);
      else assertObject(this.zpool, step.handle, bytes);
    }
  }

  free(handle: number): void {
    this.zpool.free(handle);
    this.model.delete(handle);
  }

  check(): void {
    for (const [handle, bytes] of this.model) {
      assertObject(this.zpool, handle, bytes);
      assert.equal(this.zpool.tag(handle), tagFor(handle));
    }
    assert.equal(this.arena.pagesUsed, this.zpool.totalPages);
    assert.ok(this.arena.residentBytes >= this.arena.pagesUsed * PAGE_SIZE);
    if (!(this.zpool instanceof Zsmalloc)) return;
    const stats = this.zpool.classStats();
    const total = (key: 'pagesUsed' | 'objsUsed'): number =>
      stats.reduce((sum, line) => sum + line[key], 0);
    assert.equal(total('pagesUsed'), this.zpool.totalPages);
    assert.equal(total('objsUsed'), this.model.size);
  }

  /** Contents and counts are right after full compaction, and nothing is left after freeing all. */
  finish(): void {
    this.check();
    for (let calls = 0; this.zpool.compact(10) > 0; calls++) assert.ok(calls < 500);
    this.check();
    if (this.zpool instanceof Zsmalloc) {
      assert.ok(this.zpool.classStats().every((line) => line.freeable === 0));
    }
    for (const handle of this.model.keys()) this.free(handle);
    this.check();
    assert.equal(this.zpool.totalPages, 0);
    assert.ok(this.arena.residentBytes <= CHUNK_BYTES);
    this.arena.releaseSpare();
    assert.equal(this.arena.residentBytes, 0);
  }

  #malloc(handle: number, size: number): void {
    const pages = this.zpool.totalPages;
    const status = this.zpool.malloc(handle, size, tagFor(handle));
    if (status === OK) {
      this.#write(handle, size);
      return;
    }
    assert.equal(this.zpool.totalPages, pages);
    if (status === EINVAL) assert.equal(size, 0);
    else if (status === ENOSPC) assert.ok(size > 3968);
    else assert.ok(status === ENOMEM && pages + 16 > this.#pageLimit);
  }

  #write(handle: number, size: number): void {
    const bytes = patternBytes(size, ++this.#writes);
    this.zpool.write(handle, bytes);
    this.model.set(handle, bytes);
  }
}

const CREATE: Record<string, (arena: Arena, cells: ArrayCells) => Zpool> = {
  'zsmalloc with chains of 16': (arena, cells) => new Zsmalloc(arena, cells, { chainLimit: 16 }),
  ...Object.fromEntries(
    ZPOOLS.map((name) => [
      name,
      (arena: Arena, cells: ArrayCells) => createZpool(name, arena, cells),
    ]),
  ),
};

describe('zpool against a model', () => {
  for (const [name, create] of Object.entries(CREATE)) {
    it(`${name} keeps every object through any sequence of calls`, () => {
      fc.assert(
        fc.property(
          fc.array(step, { maxLength: 300, size: 'max' }),
          fc.constantFrom(25, 1000),
          (steps, pageLimit) => {
            const machine = new Machine(create, pageLimit);
            for (const one of steps) machine.run(one);
            machine.finish();
          },
        ),
        { numRuns: 150 },
      );
    });
  }

  it('two zpools of one arena do not disturb each other when it is compacted', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), step), { maxLength: 300, size: 'max' }),
        (steps) => {
          const arena = new Arena({ chunkBytes: CHUNK_BYTES });
          const machines = [
            new Machine((_, cells) => createZpool('zsmalloc', arena, cells), Infinity),
            new Machine((_, cells) => createZpool('z3fold', arena, cells), Infinity),
          ] as const;
          for (const [first, one] of steps) machines[first ? 0 : 1].run(one);
          for (const { model, zpool } of machines) {
            for (const [handle, bytes] of model) assertObject(zpool, handle, bytes);
          }
          assert.equal(
            arena.pagesUsed,
            machines[0].zpool.totalPages + machines[1].zpool.totalPages,
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});
