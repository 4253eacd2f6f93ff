import { describe, it } from 'node:test';
import strict from 'node:assert/strict';
import { InvariantError, assert, present, unreachable } from '../../../src/std/assert.ts';

describe('assert', () => {
  it('throws an InvariantError with its message when the condition is false', () => {
    strict.throws(() => assert(false, 'books do not balance'), {
      name: 'InvariantError',
      message: 'books do not balance',
    });
    strict.throws(() => assert(false), InvariantError);
    assert(true);
  });
});

describe('unreachable', () => {
  it('names the value that the types had ruled out', () => {
    strict.throws(() => unreachable('surprise' as never), /unreachable: surprise/);
  });
});

describe('present', () => {
  it('passes every value but undefined, the falsy ones too', () => {
    for (const value of [0, '', false, NaN]) strict.equal(present(value), value);
    strict.throws(() => present(undefined), InvariantError);
  });
});
