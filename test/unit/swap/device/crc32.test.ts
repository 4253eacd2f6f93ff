import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { crc32 } from '../../../../src/swap/device/crc32.ts';

describe('crc32', () => {
  it('gives the check value of the polynomial', () => {
    assert.equal(crc32(new TextEncoder().encode('123456789')), 0xcbf43926);
  });

  it('is an unsigned integer', () => {
    assert.equal(crc32(new Uint8Array(4096).fill(0xff)) >= 0, true);
    assert.equal(crc32(new Uint8Array(4)), 0x2144df1c);
  });
});
