import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { present } from '../../../../src/std/assert.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { BIO_PAGES, Bio } from '../../../../src/swap/device/device.ts';

describe('Bio', () => {
  it('gives its memory as a whole and page by page', () => {
    const bio = new Bio();
    assert.equal(bio.bytes.length, BIO_PAGES * PAGE_SIZE);
    assert.equal(bio.pages.length, BIO_PAGES);
    present(bio.pages[3])[5] = 42;
    assert.equal(bio.bytes[3 * PAGE_SIZE + 5], 42);
  });

  it('has memory of its own, mapped apart and so page-aligned', () => {
    const bio = new Bio();
    assert.equal(bio.bytes.byteOffset, 0);
    assert.equal((bio.bytes.buffer as ArrayBuffer).resizable, true);
    assert.notEqual(bio.bytes.buffer, new Bio().bytes.buffer);
  });
});
