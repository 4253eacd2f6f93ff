import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Frames, ORDER_MAX, type Pfn } from '../../../src/page/frames.ts';
import { MIB, PAGE_SIZE } from '../../../src/std/units.ts';

const BROKEN = { name: 'InvariantError' };
const CHUNK_PAGES = 512;
const CHUNK_BYTES = 2 * MIB;

function allocateMany(frames: Frames, count: number, order = 0): Pfn[] {
  const pfns = Array.from({ length: count }, () => frames.allocate(order));
  assert.ok(!pfns.includes(0 as Pfn));
  return pfns;
}

function freeAll(frames: Frames, pfns: readonly Pfn[], order = 0): void {
  for (const pfn of pfns) frames.free(pfn, order);
}

function chunkOf(pfn: number): number {
  return pfn >> 9;
}

describe('Frames', () => {
  it('takes memory only when a page is allocated', () => {
    const frames = new Frames({ pageLimit: 1 << 20 });
    assert.equal(frames.residentBytes, 0);
    frames.allocate(0);
    assert.equal(frames.residentBytes, CHUNK_BYTES);
    assert.equal(frames.usedPages, 1);
    assert.equal(frames.freePages, (1 << 20) - 1);
  });

  it('allocates the whole limit page by page and then nothing', () => {
    const frames = new Frames({ pageLimit: 1000 });
    const pfns = allocateMany(frames, 1000);
    assert.equal(new Set(pfns).size, 1000);
    assert.equal(frames.allocate(0), 0);
    assert.equal(frames.freePages, 0);
    assert.equal(frames.residentBytes, 2 * CHUNK_BYTES);
    frames.free(pfns[0] ?? (0 as Pfn), 0);
    assert.equal(frames.allocate(0), pfns[0]);
  });

  it('counts a large block against the limit in full', () => {
    const frames = new Frames({ pageLimit: 500 });
    assert.equal(frames.allocate(9), 0);
    assert.notEqual(frames.allocate(8), 0);
    assert.equal(frames.allocate(8), 0);
    assert.notEqual(frames.allocate(7), 0);
    assert.equal(frames.usedPages, 384);
  });

  it('allocates nothing under a limit of 0', () => {
    assert.equal(new Frames({ pageLimit: 0 }).allocate(0), 0);
  });

  it('allocates a huge page when all has been freed, in whatever order', () => {
    const frames = new Frames({ pageLimit: 512 });
    for (const step of [1, 3, 171, 509]) {
      const pfns = allocateMany(frames, 512);
      for (let i = 0; i < 512; i += 1) frames.free(pfns[(i * step) % 512] ?? (0 as Pfn), 0);
      const huge = frames.allocate(9);
      assert.notEqual(huge, 0);
      frames.free(huge, 9);
    }
  });

  it('refuses a block that no free run of its alignment is left for', () => {
    const frames = new Frames({ pageLimit: 512 });
    const pfns = allocateMany(frames, 512);
    freeAll(
      frames,
      pfns.filter((pfn) => pfn % 2 === 1),
    );
    assert.equal(frames.freePages, 256);
    assert.equal(frames.allocate(1), 0);
    assert.notEqual(frames.allocate(0), 0);
  });

  it('fills holes in the lowest chunk first', () => {
    const frames = new Frames({ pageLimit: 3 * 512 });
    const pfns = allocateMany(frames, 3 * 512);
    const holes = [pfns[1100], pfns[700], pfns[3]].map((pfn) => pfn ?? (0 as Pfn));
    freeAll(frames, holes);
    assert.deepEqual(allocateMany(frames, 3), holes.toReversed());
  });

  it('prefers a partly used chunk to a free one below it', () => {
    const frames = new Frames({ pageLimit: 4 * 512 });
    const pfns = allocateMany(frames, 520);
    freeAll(frames, pfns.slice(0, 512));
    assert.equal(frames.residentBytes, 2 * CHUNK_BYTES);
    assert.equal(chunkOf(frames.allocate(0)), 2);
    // Nothing as large is in the partly used one.
    assert.equal(chunkOf(frames.allocate(9)), 1);
  });

  it('returns the memory of free chunks, but of one', () => {
    const frames = new Frames({ pageLimit: 4 * 512 });
    const pfns = allocateMany(frames, 4 * 512);
    assert.equal(frames.residentBytes, 4 * CHUNK_BYTES);
    freeAll(frames, pfns.slice(512, 1024));
    assert.equal(frames.residentBytes, 4 * CHUNK_BYTES);
    freeAll(frames, pfns.slice(0, 512));
    assert.equal(frames.residentBytes, 3 * CHUNK_BYTES);
    freeAll(frames, pfns.slice(1024));
    assert.equal(frames.residentBytes, CHUNK_BYTES);
    assert.equal(chunkOf(frames.allocate(0)), 1, 'the lowest is kept');
  });

  it('takes returned chunks again, the lowest first', () => {
    const frames = new Frames({ pageLimit: 4 * 512 });
    freeAll(frames, allocateMany(frames, 4, 9), 9);
    assert.equal(frames.residentBytes, CHUNK_BYTES);
    assert.deepEqual(allocateMany(frames, 4, 9).map(chunkOf), [1, 2, 3, 4]);
    assert.equal(frames.residentBytes, 4 * CHUNK_BYTES);
  });

  it('never takes more chunks than the limit rounded up', () => {
    const frames = new Frames({ pageLimit: 2 * 512 + 1 });
    allocateMany(frames, 2, 9);
    allocateMany(frames, 1, 0);
    assert.equal(frames.allocate(0), 0);
    assert.equal(frames.residentBytes, 3 * CHUNK_BYTES);
    const scattered = new Frames({ pageLimit: 2 * 512 });
    allocateMany(scattered, 2, 8);
    allocateMany(scattered, 1, 7);
    // 384 pages are free, but not 256 in a row in two chunks with 257 used in one of them.
    const holders = [scattered.allocate(7), scattered.allocate(7)];
    assert.ok(!holders.includes(0 as Pfn));
    assert.equal(scattered.allocate(8), 0);
    assert.equal(scattered.residentBytes, 2 * CHUNK_BYTES);
  });
});

describe('Frames.setPageLimit', () => {
  it('below what is used stops allocation until enough is freed', () => {
    const frames = new Frames({ pageLimit: 1000 });
    const pfns = allocateMany(frames, 1000);
    frames.setPageLimit(600);
    assert.equal(frames.freePages, 0);
    freeAll(frames, pfns.slice(600));
    assert.equal(frames.allocate(0), 0);
    frames.free(pfns[0] ?? (0 as Pfn), 0);
    assert.notEqual(frames.allocate(0), 0);
    assert.equal(frames.allocate(0), 0);
  });

  it('gives back the kept chunk where it is one too many', () => {
    const frames = new Frames({ pageLimit: 2 * 512 });
    const pfns = allocateMany(frames, 2, 9);
    frames.free(pfns[1] ?? (0 as Pfn), 9);
    assert.equal(frames.residentBytes, 2 * CHUNK_BYTES);
    frames.setPageLimit(512);
    assert.equal(frames.residentBytes, CHUNK_BYTES);
    freeAll(frames, pfns.slice(0, 1), 9);
    assert.equal(frames.residentBytes, CHUNK_BYTES);
    frames.setPageLimit(0);
    assert.equal(frames.residentBytes, 0);
  });

  it('keeps no free chunk as long as too many have memory', () => {
    const frames = new Frames({ pageLimit: 3 * 512 });
    const pfns = allocateMany(frames, 3, 9);
    frames.setPageLimit(512);
    freeAll(frames, pfns.slice(0, 1), 9);
    assert.equal(frames.residentBytes, 2 * CHUNK_BYTES);
  });

  it('above what it was lets more be allocated', () => {
    const frames = new Frames({ pageLimit: 512 });
    allocateMany(frames, 1, 9);
    assert.equal(frames.allocate(9), 0);
    frames.setPageLimit(1024);
    assert.equal(frames.pageLimit, 1024);
    assert.notEqual(frames.allocate(9), 0);
  });

  it('takes only page counts that frame numbers are there for', () => {
    for (const pages of [-1, 1.5, NaN, Infinity, 2 ** 28 - 511]) {
      assert.throws(() => new Frames({ pageLimit: pages }), RangeError, `${pages}`);
    }
    assert.equal(new Frames({ pageLimit: 2 ** 28 - 512 }).freePages, 2 ** 28 - 512);
  });
});

describe('page frames', () => {
  it('have one view each for as long as they are allocated', () => {
    const frames = new Frames({ pageLimit: 512 });
    const first = frames.allocate(0);
    const second = frames.allocate(0);
    const view = frames.view(first);
    assert.equal(view.length, PAGE_SIZE);
    assert.equal(frames.view(first), view);
    frames.view(second).fill(2);
    view.fill(1);
    assert.equal(frames.view(second)[0], 2);
    assert.equal(frames.view(second).at(-1), 2);
  });

  it('keep stale content until they are cleared', () => {
    const frames = new Frames({ pageLimit: 512 });
    const neighbour = frames.allocate(0);
    frames.view(neighbour).fill(3);
    const pfn = frames.allocate(0);
    frames.view(pfn).fill(9);
    frames.free(pfn, 0);
    const again = frames.allocate(0);
    assert.equal(again, pfn);
    assert.equal(frames.view(again)[100], 9);
    frames.zero(again);
    assert.ok(frames.view(again).every((byte) => byte === 0));
    assert.ok(frames.view(neighbour).every((byte) => byte === 3));
  });

  for (const [where, pages] of [
    ['a chunk', 1],
    ['chunks', 512],
  ] as const) {
    it(`are copied whole, within ${where}`, () => {
      const frames = new Frames({ pageLimit: 1024 });
      const from = frames.allocate(0);
      const to = allocateMany(frames, pages).at(-1) ?? (0 as Pfn);
      assert.equal(chunkOf(from) === chunkOf(to), where === 'a chunk');
      frames.view(from).forEach((_, i, page) => (page[i] = i * 31 + (i >> 8)));
      frames.copyPage(from, to);
      assert.deepEqual(Buffer.from(frames.view(to)), Buffer.from(frames.view(from)));
    });
  }

  it('are refused when free, or never allocated', () => {
    const frames = new Frames({ pageLimit: 512 });
    const pfn = frames.allocate(0);
    const other = frames.allocate(0);
    frames.free(pfn, 0);
    assert.throws(() => frames.view(pfn), BROKEN);
    assert.throws(() => frames.zero(pfn), BROKEN);
    assert.throws(() => frames.copyPage(pfn, other), BROKEN);
    assert.throws(() => frames.copyPage(other, pfn), BROKEN);
    assert.throws(() => frames.free(pfn, 0), BROKEN);
    assert.throws(() => frames.split(pfn, 0), BROKEN);
    for (const never of [0, 511, 100_000]) {
      assert.throws(() => frames.view(never as Pfn), BROKEN);
      assert.throws(() => frames.free(never as Pfn, 0), BROKEN);
    }
    assert.throws(() => frames.allocate(10), BROKEN);
    assert.throws(() => frames.allocate(-1), BROKEN);
    assert.equal(frames.usedPages, 1, 'a refused call changes nothing');
  });

  it('of a split block are freed one by one', () => {
    const frames = new Frames({ pageLimit: 512 });
    const head = frames.allocate(9);
    frames.split(head, 9);
    assert.equal(frames.usedPages, 512);
    for (let page = 0; page < 512; page += 1) frames.free((head + page) as Pfn, 0);
    assert.equal(frames.usedPages, 0);
    assert.equal(frames.allocate(9), head);
  });

  it('cost few bytes of tables as long as no view is asked for', () => {
    const frames = new Frames({ pageLimit: 8 * 512 });
    allocateMany(frames, 8, 9);
    assert.ok(frames.metadataBytes / (8 * 512) < 4, `${frames.metadataBytes} bytes`);
  });
});

/** What the allocator should do, told by looking at every frame. */
class Model {
  readonly frames: Frames;
  readonly blocks: { pfn: Pfn; order: number }[] = [];
  readonly used = new Set<number>();
  #limit: number;

  constructor(limit: number) {
    this.frames = new Frames({ pageLimit: limit });
    this.#limit = limit;
  }

  setLimit(limit: number): void {
    this.frames.setPageLimit(limit);
    this.#limit = limit;
    this.check();
  }

  allocate(order: number): void {
    const pages = 1 << order;
    const expected = this.#lowestPartlyUsed(order);
    const resident = this.frames.residentBytes / CHUNK_BYTES;
    const hasSpare = resident > this.#usedChunks().size;
    const pfn = this.frames.allocate(order);
    if (this.used.size + pages > this.#limit) assert.equal(pfn, 0, 'limit');
    else if (expected !== undefined) assert.equal(chunkOf(pfn), expected);
    else if (hasSpare || resident < Math.ceil(this.#limit / CHUNK_PAGES)) {
      assert.notEqual(pfn, 0, 'a whole chunk could be had');
    } else assert.equal(pfn, 0);
    if (pfn === 0) return;
    assert.equal(pfn % pages, 0, 'alignment');
    for (let page = 0; page < pages; page += 1) {
      assert.ok(!this.used.has(pfn + page), 'overlap');
      this.used.add(pfn + page);
    }
    this.#stamp(pfn, order);
    this.blocks.push({ pfn, order });
    this.check();
  }

  free(choice: number): void {
    const block = this.#pick(choice);
    if (block === undefined) return;
    this.#checkStamp(block.pfn, block.order);
    this.frames.free(block.pfn, block.order);
    for (let page = 0; page < 1 << block.order; page += 1) this.used.delete(block.pfn + page);
    this.check();
  }

  split(choice: number): void {
    const block = this.#pick(choice);
    if (block === undefined) return;
    this.frames.split(block.pfn, block.order);
    for (let page = 0; page < 1 << block.order; page += 1) {
      const pfn = (block.pfn + page) as Pfn;
      this.#stamp(pfn, 0);
      this.blocks.push({ pfn, order: 0 });
    }
    this.check();
  }

  check(): void {
    const chunksUsed = this.#usedChunks().size;
    const chunksMax = Math.ceil(this.#limit / CHUNK_PAGES);
    const resident = this.frames.residentBytes / CHUNK_BYTES;
    assert.equal(this.frames.usedPages, this.used.size);
    assert.equal(this.frames.freePages, Math.max(this.#limit - this.used.size, 0));
    assert.ok(resident === chunksUsed || resident === chunksUsed + 1);
    assert.ok(resident <= Math.max(chunksMax, chunksUsed));
  }

  #pick(choice: number): { pfn: Pfn; order: number } | undefined {
    if (this.blocks.length === 0) return undefined;
    return this.blocks.splice(choice % this.blocks.length, 1)[0];
  }

  #usedChunks(): Set<number> {
    return new Set([...this.used].map(chunkOf));
  }

  /** The lowest chunk in use with 2^order free frames in a row, aligned. */
  #lowestPartlyUsed(order: number): number | undefined {
    const chunks = [...this.#usedChunks()].toSorted((a, b) => a - b);
    return chunks.find((chunk) => {
      for (let place = 0; place < CHUNK_PAGES; place += 1 << order) {
        let page = 0;
        while (page < 1 << order && !this.used.has(chunk * CHUNK_PAGES + place + page)) page += 1;
        if (page === 1 << order) return true;
      }
      return false;
    });
  }

  #stamp(pfn: Pfn, order: number): void {
    for (const page of [pfn, pfn + (1 << order) - 1]) {
      this.frames.view(page as Pfn)[0] = page % 251;
      this.frames.view(page as Pfn)[PAGE_SIZE - 1] = page % 241;
    }
  }

  #checkStamp(pfn: Pfn, order: number): void {
    for (const page of [pfn, pfn + (1 << order) - 1]) {
      assert.equal(this.frames.view(page as Pfn)[0], page % 251);
      assert.equal(this.frames.view(page as Pfn)[PAGE_SIZE - 1], page % 241);
    }
  }
}

const order = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: ORDER_MAX }));
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ verb: fc.constant('allocate' as const), value: order }) },
  { weight: 5, arbitrary: fc.record({ verb: fc.constant('free' as const), value: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('split' as const), value: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      verb: fc.constant('setLimit' as const),
      value: fc.integer({ min: 0, max: 4 * CHUNK_PAGES }),
    }),
  },
);

describe('Frames, beside a model', () => {
  it('neither overlaps nor scatters nor keeps more than it should', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4 * CHUNK_PAGES }),
        fc.array(step, { maxLength: 100, size: 'max' }),
        (limit, steps) => {
          const model = new Model(limit);
          for (const { verb, value } of steps) model[verb](value);
          while (model.blocks.length > 0) model.free(model.blocks.length >> 1);
          assert.ok(model.frames.residentBytes <= CHUNK_BYTES);
          model.setLimit(CHUNK_PAGES);
          assert.notEqual(model.frames.allocate(ORDER_MAX), 0, 'all buddies have merged');
        },
      ),
      { numRuns: 60 },
    );
  });
});
