/**
 * Goal: what the library does at once makes no garbage. Method: read and write pages in frames and
 * in the pool many times, and look at how much the heap has grown after a forced collection, as
 * `garbage.test.ts` does for disks.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countGarbage } from '../../bench/collections.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { mixedPage, openTestMachine, writePages } from '../support/test-machine.ts';

const PAGES = 512;
const PASSES = 6;
const MEASUREMENTS = 24;
/** The smallest object there is takes sixteen bytes. */
const HEAP_BYTES_PER_CALL_MAX = 12;

/** The least of several measurements: code that is compiled meanwhile takes room in the heap. */
async function heapBytesPerCall(pass: () => void): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < MEASUREMENTS; i += 1) {
    const { heapBytes, collections } = await countGarbage(() => {
      for (let at = 0; at < PASSES; at += 1) pass();
    });
    // After a collection the growth says nothing.
    if (collections === 0) least = Math.min(least, heapBytes / (PASSES * PAGES));
  }
  return least;
}

describe('readSync and writeSync', () => {
  for (const [where, memory] of [
    ['in frames', '4MiB'],
    ['in the pool', '512KiB'],
  ] as const) {
    for (const length of [PAGE_SIZE, 100]) {
      it(`make no garbage: ${length} bytes of pages ${where}`, async (t) => {
        const { machine } = await openTestMachine(t, { memory, pool: { limit: '4MiB' } }, false);
        const region = machine.map({ bytes: PAGES * PAGE_SIZE });
        await writePages(region, 0, PAGES, mixedPage);
        const bytes = Buffer.from(mixedPage(1).subarray(0, length));
        let done = 0;
        const read = (): void => {
          for (let page = 0; page < PAGES; page += 1) {
            if (region.readSync(page * PAGE_SIZE, bytes)) done += 1;
          }
        };
        const write = (): void => {
          for (let page = 0; page < PAGES; page += 1) {
            if (region.writeSync(page * PAGE_SIZE, bytes)) done += 1;
          }
        };
        for (const [name, pass] of [
          ['read', read],
          ['write', write],
        ] as const) {
          const grown = await heapBytesPerCall(pass);
          assert.ok(grown < HEAP_BYTES_PER_CALL_MAX, `${name}: ${grown} bytes of heap a call`);
        }
        assert.equal(done, 2 * MEASUREMENTS * PASSES * PAGES);
      });
    }
  }
});
