import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { halfSipHash } from '../../../../src/cache/lookup/hash.ts';

/** The reference's vectors for 64 bits of result: key 00 01 .. 07, message 00 01 .. length-1. */
const VECTORS = [
  '218d1f59b9b83cc8',
  'be552412f8387315',
  '064f39ef7c50eb57',
  'ce0f1a45f7060679',
  'd5e78a175be52ea1',
  'cb9d7c3f2f3db580',
  'ce3e91358aa2bc25',
  'ff202728b07bc684',
  'edfee820bce4858c',
];

function hashOf(key0: number, key1: number, message: Uint8Array): string {
  const result = { low: 0, high: 0 };
  halfSipHash(key0, key1)(message, message.length, result);
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(result.low, 0);
  bytes.writeUInt32LE(result.high, 4);
  return bytes.toString('hex');
}

describe('the fingerprint of a key', () => {
  it('is that of the reference implementation', () => {
    for (const [length, expected] of VECTORS.entries()) {
      const message = Uint8Array.from({ length }, (_, i) => i);
      assert.equal(hashOf(0x03020100, 0x07060504, message), expected, `${length} bytes`);
    }
  });

  it('depends on both words of its key', () => {
    const message = new TextEncoder().encode('message');
    const all = [hashOf(1, 2, message), hashOf(2, 2, message), hashOf(1, 3, message)];
    assert.equal(new Set(all).size, 3);
  });
});
