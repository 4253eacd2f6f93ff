import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isZeroFilled, zeroFill } from '../../../src/page/page.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';

describe('isZeroFilled', () => {
  it('finds a single bit anywhere in the page', () => {
    const page = new Uint8Array(PAGE_SIZE);
    for (let at = 0; at < PAGE_SIZE; at += 1) {
      page[at] = 1 << (at % 8);
      assert.equal(isZeroFilled(page), false, `byte ${at}`);
      page[at] = 0;
    }
    assert.equal(isZeroFilled(page), true);
  });

  it('takes a page at any alignment', () => {
    const bytes = new Uint8Array(PAGE_SIZE + 16).fill(1);
    for (let at = 0; at < 16; at += 1) {
      bytes.fill(1);
      bytes.fill(0, at, at + PAGE_SIZE);
      assert.equal(isZeroFilled(bytes.subarray(at, at + PAGE_SIZE)), true);
    }
  });

  it('takes whole pages only', () => {
    assert.throws(() => isZeroFilled(new Uint8Array(PAGE_SIZE - 1)), { name: 'InvariantError' });
  });
});

describe('zeroFill', () => {
  it('clears the range and nothing beside it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100 }),
        fc.oneof(fc.integer({ min: 0, max: PAGE_SIZE }), fc.constant(PAGE_SIZE)),
        (offset, length) => {
          const bytes = new Uint8Array(PAGE_SIZE + 200).fill(7);
          zeroFill(bytes, offset, length);
          const expected = new Uint8Array(PAGE_SIZE + 200).fill(7).fill(0, offset, offset + length);
          assert.deepEqual(bytes, expected);
        },
      ),
    );
  });

  it('clears a page when no length is given', () => {
    const bytes = new Uint8Array(PAGE_SIZE + 2).fill(7);
    zeroFill(bytes, 1);
    assert.equal(bytes[0], 7);
    assert.equal(isZeroFilled(bytes.subarray(1, PAGE_SIZE + 1)), true);
    assert.equal(bytes[PAGE_SIZE + 1], 7);
  });
});
