import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { ERROR_CODES, ZswapError } from '../../../src/std/error.ts';

describe('ZswapError', () => {
  it('carries its code, its message and its cause', () => {
    const cause = new Error('EACCES');
    const error = new ZswapError('ZSWAP_DEVICE_OPEN', 'cannot open it', { cause });
    assert.equal(error.name, 'ZswapError');
    assert.equal(error.code, 'ZSWAP_DEVICE_OPEN');
    assert.equal(error.message, 'cannot open it');
    assert.equal(error.cause, cause);
    assert.ok(error instanceof Error);
  });
});

describe('ERROR_CODES', () => {
  it('explains every code in a sentence', () => {
    for (const [code, text] of Object.entries(ERROR_CODES)) {
      assert.match(code, /^ZSWAP_[A-Z_]+$/);
      assert.match(text, /^[A-Z].*\.$/);
    }
  });
});
