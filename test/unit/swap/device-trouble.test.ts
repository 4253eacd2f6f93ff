import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EIO, ENOSPC, OK } from '../../../src/std/errno.ts';
import { DeviceTrouble, TROUBLE_QUIET_MS } from '../../../src/swap/device-trouble.ts';

class Reporter {
  nowMs = 1000;
  readonly said: string[] = [];
  readonly trouble: DeviceTrouble = new DeviceTrouble({ nowMs: () => this.nowMs }, (message) =>
    this.said.push(message),
  );
}

describe('DeviceTrouble', () => {
  it('says nothing of a device that works', () => {
    const { trouble, said } = new Reporter();
    trouble.note(OK, true);
    trouble.note(OK, false);
    assert.deepEqual(said, []);
  });

  it('says the first of many errors only, though requests succeed in between', () => {
    const reporter = new Reporter();
    for (let i = 0; i < 1000; i += 1) {
      reporter.trouble.note(i % 3 === 0 ? EIO : OK, true);
      reporter.nowMs += 20;
    }
    assert.deepEqual(reporter.said, [
      'a write has failed: an input/output error; further errors are only counted',
    ]);
  });

  it('says what failed and why', () => {
    const reader = new Reporter();
    reader.trouble.note(EIO, false);
    assert.match(reader.said[0] ?? '', /^a read has failed: an input\/output error/);
    const writer = new Reporter();
    writer.trouble.note(ENOSPC, true);
    assert.match(writer.said[0] ?? '', /^a write has failed: there is no room/);
  });

  it('says once that it is over, and the next error again', () => {
    const reporter = new Reporter();
    reporter.trouble.note(EIO, true);
    reporter.nowMs += 2500;
    reporter.trouble.note(EIO, false);
    reporter.nowMs += TROUBLE_QUIET_MS - 1;
    reporter.trouble.note(OK, true);
    assert.equal(reporter.said.length, 1, 'not yet');
    reporter.nowMs += 1;
    reporter.trouble.note(OK, true);
    reporter.trouble.note(OK, true);
    reporter.trouble.note(EIO, true);
    assert.deepEqual(reporter.said.slice(1), [
      'works again, after 2 failed requests in 3 s',
      'a write has failed: an input/output error; further errors are only counted',
    ]);
  });
});
