import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { Payload } from '../../../src/blk/payload.ts';
import { PAGE_SIZE } from '../../../src/std/units.ts';
import { randomPage } from '../../support/chosen-pages.ts';

describe('Payload', () => {
  it('moves any 4096 payload bytes to its staging page, always the same view', () => {
    const payload = new Payload(3 * PAGE_SIZE);
    const page = randomPage(1);
    for (const offset of [0, 1, 4095, 2 * PAGE_SIZE]) {
      payload.bytes.set(page, offset);
      assert.equal(payload.stagePage(offset), payload.stage);
      assert.deepEqual(payload.stage, page);
    }
  });

  it('stages nothing beyond the payload', () => {
    const payload = new Payload(PAGE_SIZE + 10);
    payload.stagePage(10);
    for (const offset of [-1, 11]) {
      assert.throws(() => payload.stagePage(offset), { name: 'InvariantError' });
    }
  });

  it('lies in memory of its caller where that has room for the staging page', () => {
    const buffer = new ArrayBuffer(2 * PAGE_SIZE);
    new Payload(PAGE_SIZE, buffer).bytes[5] = 9;
    assert.equal(new Uint8Array(buffer)[5], 9);
    assert.throws(() => new Payload(PAGE_SIZE + 1, buffer), { name: 'InvariantError' });
  });
});
