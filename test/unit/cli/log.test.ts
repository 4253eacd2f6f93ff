import assert from 'node:assert/strict';
import { fstatSync } from 'node:fs';
import { describe, it } from 'node:test';
import { formatLogLine, isJournal } from '../../../src/cli/log.ts';

describe('formatLogLine', () => {
  it('writes plain text with the level unless it is information', () => {
    assert.equal(formatLogLine('info', 'up', false, 0), 'zswapd: up');
    assert.equal(formatLogLine('warn', 'odd', false, 0), 'zswapd: warn: odd');
  });

  it('writes JSON behind the priority for the journal', () => {
    const line = formatLogLine('error', 'a "b"', true, 12);
    assert.equal(line.slice(0, 3), '<3>');
    assert.deepEqual(JSON.parse(line.slice(3)), { level: 50, time: 12, msg: 'a "b"' });
    assert.equal(formatLogLine('info', '', true, 0).slice(0, 3), '<6>');
  });

  it('keeps an event on one line', () => {
    assert.equal(formatLogLine('info', 'a\n  b\nc', false, 0), 'zswapd: a b c');
  });
});

describe('isJournal', () => {
  it("compares the stream's device and inode", () => {
    const { dev, ino } = fstatSync(2);
    assert.equal(isJournal({ JOURNAL_STREAM: `${dev}:${ino}` }), true);
    assert.equal(isJournal({ JOURNAL_STREAM: `${dev}:${ino + 1}` }), false);
    assert.equal(isJournal({}), false);
    assert.equal(isJournal({ JOURNAL_STREAM: '1:1' }, 9999), false);
  });
});
