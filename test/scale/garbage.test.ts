/**
 * Goal: the data plane makes no garbage per page. Method: overwrite and load a thousand pages many
 * times, and look at how much the heap has grown after a forced collection. The smallest object
 * there is takes sixteen bytes, so what stays far below that per page does not happen for each
 * page. Requests are too short to have to read the clock.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countGarbage } from '../../bench/collections.ts';
import { PageEngine } from '../../bench/page-engine.ts';
import { generateMemory } from '../support/sample-pages.ts';

const PAGES = 1024;
const PASSES = 6;
const MEASUREMENTS_MAX = 24;
const HEAP_BYTES_PER_PAGE_MAX = 4;

/**
 * The least of several measurements, as many as are needed: code that is compiled meanwhile takes
 * room in the heap too, but not every time.
 */
async function heapBytesPerPage(
  engine: PageEngine,
  op: 'read' | 'write',
  requestPages: number,
): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < MEASUREMENTS_MAX && least >= HEAP_BYTES_PER_PAGE_MAX; i += 1) {
    const { heapBytes, collections } = await countGarbage(async () => {
      for (let pass = 0; pass < PASSES; pass += 1) await engine.pass(op, requestPages);
    });
    // After a collection the growth says nothing.
    if (collections === 0) least = Math.min(least, heapBytes / (PASSES * PAGES));
  }
  return least;
}

describe('the data plane', () => {
  for (const compressor of ['null', 'lz4', 'lzo', 'zstd:1']) {
    for (const requestPages of [1, 8]) {
      it(`makes no garbage per page: ${compressor}, ${requestPages} pages a request`, async () => {
        const engine = await PageEngine.open(compressor, generateMemory(PAGES));
        await engine.pass('write', requestPages);
        await engine.pass('read', requestPages);
        engine.verify();
        for (const op of ['write', 'read'] as const) {
          const bytes = await heapBytesPerPage(engine, op, requestPages);
          assert.ok(bytes < HEAP_BYTES_PER_PAGE_MAX, `${op}: ${bytes} bytes of heap a page`);
        }
      });
    }
  }
});
