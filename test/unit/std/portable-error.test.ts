import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ZswapError } from '../../../src/std/error.ts';
import { decodeError, encodeError } from '../../../src/std/portable-error.ts';

/** As it goes to another thread. */
const travel = (error: unknown): Error => decodeError(structuredClone(encodeError(error)));

describe('an error that goes to another thread', () => {
  it('keeps its class, message and code', () => {
    const sent = [
      new ZswapError('ZSWAP_EXPORT', 'there is one'),
      new TypeError('not a page'),
      new RangeError('too far'),
    ];
    for (const error of sent) {
      const arrived = travel(error);
      assert.equal(arrived.constructor, error.constructor);
      assert.equal(arrived.message, error.message);
    }
    assert.ok(travel(sent[0]) instanceof ZswapError);
    assert.equal((travel(sent[0]) as ZswapError).code, 'ZSWAP_EXPORT');
  });

  it('is an Error where the class is not known, or nothing but a value was thrown', () => {
    assert.deepEqual(travel(new SyntaxError('odd')), new Error('odd'));
    assert.deepEqual(travel('odd'), new Error('odd'));
    const unknown = { name: 'ZswapError', message: 'odd', code: 'ZSWAP_NO_SUCH_CODE' };
    assert.deepEqual(decodeError(unknown), new Error('odd'));
  });
});
