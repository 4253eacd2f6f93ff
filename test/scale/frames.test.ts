/**
 * Goal: page frames come and go without garbage and without losing one. Method: hold thousands of
 * blocks of mixed orders with a folio on each, replace one at random a million times, and look at
 * how much the heap has grown after a forced collection.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countGarbage } from '../../bench/collections.ts';
import type { MemcgId } from '../../src/memcg/memcg.ts';
import { FolioTable } from '../../src/page/folio.ts';
import { Frames, type Pfn } from '../../src/page/frames.ts';

const BLOCKS = 4096;
const STEPS = 1 << 17;
const MEASUREMENTS = 8;
const HEAP_BYTES_PER_STEP_MAX = 1;
/** More than the blocks need, so that scattered free frames refuse none. */
const PAGE_LIMIT = 1 << 16;
const CHUNK_BYTES = 512 * 4096;

class Load {
  readonly frames = new Frames({ pageLimit: PAGE_LIMIT });
  readonly folios = new FolioTable();
  /** Signed, and so no number object, which would be garbage of the test's own. */
  #seed = 1;
  readonly #orders = new Uint8Array(BLOCKS);
  readonly #pfns = new Int32Array(BLOCKS);

  constructor() {
    for (let block = 0; block < BLOCKS; block += 1) {
      // Twice as many of each order as of the next.
      this.#orders[block] = Math.clz32((this.#random() << 16) | (1 << 22));
      this.#allocate(block);
    }
  }

  replace(steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      const block = this.#random() & (BLOCKS - 1);
      this.#free(block);
      this.#allocate(block);
    }
  }

  freeAll(): void {
    for (let block = 0; block < BLOCKS; block += 1) this.#free(block);
  }

  /** A number of 16 bits. */
  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) | 0;
    return this.#seed >>> 16;
  }

  #allocate(block: number): void {
    const order = this.#orders[block] ?? 0;
    const pfn = this.frames.allocate(order);
    assert.ok(pfn !== 0);
    assert.ok(this.frames.view(pfn).length === 4096);
    this.folios.begin(pfn, order, 0 as MemcgId, 1, block);
    this.#pfns[block] = pfn;
  }

  #free(block: number): void {
    const pfn = (this.#pfns[block] ?? 0) as Pfn;
    assert.ok(this.folios.index(pfn) === block);
    this.folios.end(pfn);
    this.frames.free(pfn, this.#orders[block] ?? 0);
  }
}

describe('a million allocations of frames', () => {
  it('make no garbage and give all memory back', async () => {
    const load = new Load();
    load.replace(STEPS);
    const usedPages = load.frames.usedPages;
    let least = Infinity;
    for (let i = 0; i < MEASUREMENTS; i += 1) {
      const { heapBytes, collections } = await countGarbage(() => load.replace(STEPS));
      // After a collection the growth says nothing.
      if (collections === 0) least = Math.min(least, heapBytes / STEPS);
    }
    assert.ok(least < HEAP_BYTES_PER_STEP_MAX, `${least} bytes of heap an allocation`);
    assert.equal(load.frames.usedPages, usedPages);
    load.freeAll();
    assert.equal(load.frames.usedPages, 0);
    assert.equal(load.frames.residentBytes, CHUNK_BYTES);
    assert.equal(load.folios.metadataBytes, 32 * 4096);
  });
});
