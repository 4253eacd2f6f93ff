import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ArrayCells } from '../../../src/testing/zpool-contract.ts';
import { Arena } from '../../../src/zpool/arena.ts';
import { createZpool, ZPOOLS } from '../../../src/zpool/open.ts';

describe('createZpool', () => {
  it('makes an empty zpool of each name', () => {
    for (const name of ZPOOLS) {
      const zpool = createZpool(name, new Arena(), new ArrayCells());
      assert.equal(zpool.name, name);
      assert.equal(zpool.totalPages, 0);
    }
  });

  it('has zsmalloc as the first', () => {
    assert.equal(ZPOOLS[0], 'zsmalloc');
  });
});
