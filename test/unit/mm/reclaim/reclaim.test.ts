import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { OK } from '../../../../src/std/errno.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { TestAddressSpace, wordPage } from '../../../support/address-space.ts';

describe('reclaim', () => {
  it('finds pages to free in a large group of which all were used', () => {
    const space = new TestAddressSpace({ frames: 20_000, slots: 20_000 });
    const group = space.memcgs.create('tenant');
    group.setMemoryMax(16_000 * PAGE_SIZE);
    const region = space.map(16_001, { group });
    for (let page = 0; page < region.pageCount; page += 1) {
      const begun = space.begin('write', region, page, wordPage(page + 1));
      space.rt.run(100_000);
      assert.equal(begun.access.error, OK, `page ${page}`);
    }
    space.check();
  });
});
