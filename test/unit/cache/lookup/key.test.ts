import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { halfSipHash } from '../../../../src/cache/lookup/hash.ts';
import {
  decodeKey,
  KEY_BYTES_MAX,
  KeyScratch,
  type CacheKey,
} from '../../../../src/cache/lookup/key.ts';

function scratch(): KeyScratch {
  return new KeyScratch(halfSipHash(1, 2));
}

describe('a key', () => {
  it('comes back as it was given', () => {
    const keys: CacheKey[] = [
      '',
      'ascii',
      'grüße',
      '🙂',
      '\ud800',
      '\ufeffx',
      Uint8Array.of(0, 255),
    ];
    for (const key of keys) {
      const encoded = scratch();
      encoded.set(key);
      assert.deepEqual(decodeKey(encoded.bytes.subarray(0, encoded.length), encoded.kind), key);
    }
  });

  it('differs from others that look alike', () => {
    const keys: CacheKey[] = ['a', Uint8Array.of(97), '\ud800', '\ud801', '\ufffd', '', 'a\0'];
    const seen = new Set<string>();
    for (const key of keys) {
      const encoded = scratch();
      encoded.set(key);
      const { bytes, kind, low, high } = encoded.copy();
      seen.add(`${Buffer.from(bytes).toString('hex')} ${kind}`);
      seen.add(`${low} ${high}`);
    }
    assert.equal(seen.size, 2 * keys.length);
  });

  it('has at most so many bytes, text in UTF-8', () => {
    const encoded = scratch();
    encoded.set('x'.repeat(KEY_BYTES_MAX));
    encoded.set('ü'.repeat(KEY_BYTES_MAX / 2));
    encoded.set(new Uint8Array(KEY_BYTES_MAX));
    assert.throws(() => encoded.set('x'.repeat(KEY_BYTES_MAX + 1)), RangeError);
    assert.throws(() => encoded.set('ü'.repeat(KEY_BYTES_MAX / 2 + 1)), RangeError);
    assert.throws(() => encoded.set('\ud800'.repeat(KEY_BYTES_MAX / 2 + 1)), RangeError);
    assert.throws(() => encoded.set(new Uint8Array(KEY_BYTES_MAX + 1)), RangeError);
  });

  it('is text or bytes', () => {
    const untyped: (key: unknown) => void = (key) => scratch().set(key as CacheKey);
    for (const key of [undefined, 1, {}, [1]]) assert.throws(() => untyped(key), TypeError);
  });

  it('has a copy that outlives the next key', () => {
    const encoded = scratch();
    encoded.set('first');
    const copy = encoded.copy();
    encoded.set('other');
    assert.equal(decodeKey(copy.bytes, copy.kind), 'first');
  });
});
