import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readKeys } from '../../../../src/cli/top/keys.ts';

describe('readKeys', () => {
  it('knows letters, control characters and both kinds of arrows', () => {
    assert.deepEqual(readKeys('q'), ['quit']);
    assert.deepEqual(readKeys('\u0003'), ['quit']);
    assert.deepEqual(readKeys('\u001a'), ['suspend']);
    assert.deepEqual(readKeys('\u001b[A\u001bOB\u001b[C\u001bOD'), [
      'up',
      'down',
      'next-column',
      'previous-column',
    ]);
    assert.deepEqual(readKeys('\u001b[5~\u001b[6~'), ['page-up', 'page-down']);
  });

  it('takes several at once, and leaves out what means nothing', () => {
    assert.deepEqual(readKeys('sxr\u001b[15~\u001b[1;5Cs'), [
      'next-column',
      'reverse',
      'next-column',
    ]);
    assert.deepEqual(readKeys('\u001b'), []);
    assert.deepEqual(readKeys(''), []);
  });
});
