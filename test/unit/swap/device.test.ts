import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { BIO_PAGES, Bio } from '../../../src/swap/device.ts';

describe('Bio', () => {
  it('has the same memory as a whole and page by page', () => {
    const bio = new Bio();
    assert.equal(bio.bytes.length, BIO_PAGES * PAGE_SIZE);
    assert.equal(bio.pages.length, BIO_PAGES);
    for (const [index, page] of bio.pages.entries()) {
      assert.equal(page.length, PAGE_SIZE);
      page[0] = index;
      assert.equal(bio.bytes[index * PAGE_SIZE], index);
    }
  });
});
