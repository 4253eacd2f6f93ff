// Goal: a missing tool is never a quiet pass.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAllowedSkips, verdictOn } from '../support/require.ts';

describe('a missing requirement', () => {
  const allowed = parseAllowedSkips('# reasons\nfuse   # not in containers\n\nloop\n');

  it('skips the test on an ordinary run', () => {
    assert.equal(verdictOn(['fio'], false, allowed), 'skip');
  });

  it('fails the test on a strict run unless the list allows it', () => {
    assert.equal(verdictOn(['fio'], true, allowed), 'fail');
    assert.equal(verdictOn(['fuse', 'fio'], true, allowed), 'fail');
    assert.equal(verdictOn(['fuse', 'loop'], true, allowed), 'skip');
  });

  it('is no matter where nothing is missing', () => {
    assert.equal(verdictOn([], true, allowed), 'run');
  });
});
