// Goal: a foreseen pool size is that of the allocators that serve.
// Method: the same lengths go through the real allocators: all of them, where the sample is all,
// and several times over, where a sample stands for more pages.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  buddyPool,
  classCounts,
  hugeClassSize,
  zsmallocBytesPerPage,
  zsmallocPoolBytes,
} from '../../../src/estimate/pool-size.ts';
import { OK } from '../../../src/std/errno.ts';
import { Prng } from '../../../src/std/prng.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { ArrayCells } from '../../../src/testing/zpool-contract.ts';
import { Arena } from '../../../src/zpool/arena.ts';
import { createZpool, type ZpoolName } from '../../../src/zpool/open.ts';

/** Bytes of pages that a real allocator takes for these lengths, and what it refuses. */
function realPool(name: ZpoolName, lengths: Iterable<number>): { bytes: number; refused: number } {
  const zpool = createZpool(name, new Arena(), new ArrayCells());
  let handle = 0;
  let refused = 0;
  for (const length of lengths) if (zpool.malloc(++handle, length) !== OK) refused++;
  return { bytes: zpool.totalPages * PAGE_SIZE, refused };
}

/** Lengths as memory has them: many around a third of a page, some that do not compress. */
function memoryLengths(count: number, seed: number): Uint16Array {
  const prng = new Prng(seed);
  return Uint16Array.from({ length: count }, () => {
    if (prng.chance(3, 100)) return PAGE_SIZE;
    return 1 + Math.floor((prng.below(1400) + prng.below(1400) + prng.below(1200)) / 1.2);
  });
}

function* repeated(lengths: Uint16Array, times: number): Iterable<number> {
  for (let time = 0; time < times; time++) yield* lengths;
}

const someLengths = fc
  .array(fc.integer({ min: 1, max: PAGE_SIZE }), { minLength: 0, maxLength: 400 })
  .map((lengths) => Uint16Array.from(lengths));

describe('pool size', () => {
  it('of zsmalloc is exact for any objects in any order', () => {
    fc.assert(
      fc.property(someLengths, (lengths) => {
        const foreseen = zsmallocPoolBytes(classCounts({ lengths, scale: 1 }));
        assert.equal(foreseen, realPool('zsmalloc', lengths).bytes);
      }),
    );
  });

  for (const name of ['zbud', 'z3fold'] as const) {
    it(`of ${name} is exact, and so is what it refuses`, () => {
      fc.assert(
        fc.property(someLengths, (lengths) => {
          const real = realPool(name, lengths);
          const { poolBytes, rejectedPages } = buddyPool(name, { lengths, scale: 1 });
          assert.deepEqual([poolBytes, rejectedPages], [real.bytes, real.refused]);
        }),
      );
    });
  }

  it('of a sample that stands for nine times as many pages is within 1 %', () => {
    for (const seed of [1, 2, 3]) {
      const lengths = memoryLengths(4000, seed);
      const scaled = { lengths, scale: 9 };
      const foreseen: Readonly<Record<ZpoolName, number>> = {
        zsmalloc: zsmallocPoolBytes(classCounts(scaled)),
        zbud: buddyPool('zbud', scaled).poolBytes,
        z3fold: buddyPool('z3fold', scaled).poolBytes,
      };
      for (const name of ['zsmalloc', 'zbud', 'z3fold'] as const) {
        const real = realPool(name, repeated(lengths, 9)).bytes;
        const off = Math.abs(foreseen[name] - real) / real;
        assert.ok(off < 0.01, `${name}: ${foreseen[name]} for ${real}`);
      }
    }
  });

  it('by page of a large pool leaves out what partly filled zspages waste', () => {
    const lengths = memoryLengths(4000, 5);
    const counts = classCounts({ lengths, scale: 100 });
    const byPage = zsmallocBytesPerPage(counts);
    assert.ok(Math.abs(zsmallocPoolBytes(counts) / 400_000 / byPage - 1) < 0.01);
    assert.equal(zsmallocBytesPerPage(new Float64Array(counts.length)), 0);
  });

  it('knows from which length on an object takes a whole page', () => {
    const pool = (length: number): number =>
      zsmallocPoolBytes(classCounts({ lengths: Uint16Array.of(length), scale: 9 }));
    assert.equal(pool(hugeClassSize()), 9 * PAGE_SIZE);
    assert.ok(pool(hugeClassSize() - 1) < 9 * PAGE_SIZE);
  });
});
