import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SizeClasses, zspageChainPages } from '../../../src/zpool/size-class.ts';

describe('SizeClasses', () => {
  it('has the published number of distinct classes and first huge size per chain limit', () => {
    const table = [4, 8, 16].map((chainLimit) => {
      const classes = new SizeClasses(chainLimit);
      return [chainLimit, classes.list.length, classes.hugeClassSize];
    });
    assert.deepEqual(table, [
      [4, 69, 3257],
      [8, 119, 3625],
      [16, 192, 3833],
    ]);
  });

  it('has the published shapes with chains of up to eight pages', () => {
    const shapes = new Map(
      new SizeClasses(8).list.map((one) => [
        one.size,
        `${one.pagesPerZspage}/${one.objectsPerZspage}`,
      ]),
    );
    const published = {
      32: '1/128',
      48: '3/256',
      80: '5/256',
      144: '7/199',
      256: '1/16',
      512: '1/8',
      816: '1/5',
      1024: '1/4',
      1360: '1/3',
      1424: '8/23',
      1808: '4/9',
      2048: '1/2',
      2176: '8/15',
      2272: '5/9',
      2720: '2/3',
      3072: '3/4',
      3264: '4/5',
      3408: '5/6',
      3584: '7/8',
      3632: '8/9',
      4096: '1/1',
    };
    for (const [size, shape] of Object.entries(published)) {
      assert.equal(shapes.get(Number(size)), shape, `class ${size}`);
    }
  });

  it('has the published largest class that is not huge', () => {
    assert.equal(new SizeClasses(4).list.at(-2)?.size, 3264);
    assert.equal(new SizeClasses(8).list.at(-2)?.size, 3632);
  });

  it('puts payloads at the borders into the right class', () => {
    const classes = new SizeClasses();
    const sizeOf = (payload: number): number => classes.of(payload).size;
    assert.deepEqual(
      [1, 24, 25, 504, 1016, 1400, 2040].map(sizeOf),
      [32, 32, 48, 512, 1024, 1424, 2048],
    );
    assert.deepEqual([3624, 3625, 4095, 4096].map(sizeOf), [3632, 4096, 4096, 4096]);
    assert.deepEqual(
      [3624, 3625].map((payload) => classes.of(payload).huge),
      [false, true],
    );
  });

  it('always finds the smallest class that is large enough', () => {
    for (const chainLimit of [4, 8, 16]) {
      const classes = new SizeClasses(chainLimit);
      for (let payload = 1; payload <= 4096; payload++) {
        const found = classes.of(payload);
        assert.ok(found.payloadMax >= payload);
        const smaller = classes.list[found.index - 1];
        assert.ok(smaller === undefined || smaller.payloadMax < payload);
      }
    }
  });

  it('reaches the published objects per page', () => {
    const classes = new SizeClasses();
    const density = (payload: number): string => {
      const { objectsPerZspage, pagesPerZspage } = classes.of(payload);
      return (objectsPerZspage / pagesPerZspage).toFixed(3);
    };
    assert.deepEqual([64, 500, 1000, 1300, 1400, 1984, 2000, 2048, 3000, 3600, 3700].map(density), [
      '51.200',
      '8.000',
      '4.000',
      '3.000',
      '2.875',
      '2.000',
      '2.000',
      '1.875',
      '1.333',
      '1.125',
      '1.000',
    ]);
  });

  it('takes one page for a power of two and the fewest pages among equals', () => {
    assert.equal(zspageChainPages(2048, 16), 1);
    assert.equal(zspageChainPages(48, 8), 3);
    assert.equal(zspageChainPages(4080, 4), 1);
  });

  it('refuses chain limits outside 4..16', () => {
    for (const chainLimit of [0, 3, 17, 8.5]) {
      assert.throws(() => new SizeClasses(chainLimit), RangeError);
    }
  });
});
