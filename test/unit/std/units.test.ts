import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { GIB, KIB, MIB, PAGE_SHIFT, PAGE_SIZE, divCeil, pagesOf } from '../../../src/std/units.ts';

describe('units', () => {
  it('agree with one another', () => {
    assert.equal(PAGE_SIZE, 2 ** PAGE_SHIFT);
    assert.equal(MIB, KIB ** 2);
    assert.equal(GIB, KIB ** 3);
  });

  it('round quotients up', () => {
    assert.equal(divCeil(0, 512), 0);
    assert.equal(divCeil(1, 512), 1);
    assert.equal(divCeil(512, 512), 1);
    assert.equal(divCeil(513, 512), 2);
    assert.equal(pagesOf(0), 0);
    assert.equal(pagesOf(4096), 1);
    assert.equal(pagesOf(4097), 2);
    // Beyond 32 bits.
    assert.equal(pagesOf(2 ** 45 + 1), 2 ** 33 + 1);
  });
});
