import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openNotifier, takeListenFds, watchdogIntervalMs } from '../../../src/cli/systemd.ts';

function collectLog(): { lines: string[]; log: Parameters<typeof openNotifier>[2] } {
  const lines: string[] = [];
  const push = (line: string): void => void lines.push(line);
  return { lines, log: { error: push, warn: push, info: push } };
}

describe('takeListenFds', () => {
  it('takes the sockets meant for this process and removes the variables', () => {
    const environment = { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b', OTHER: 'x' };
    assert.deepEqual(takeListenFds(environment, 7), [3, 4]);
    assert.deepEqual(environment, { OTHER: 'x' });
  });

  it('leaves those of another process alone', () => {
    const environment = { LISTEN_PID: '8', LISTEN_FDS: '2' };
    assert.deepEqual(takeListenFds(environment, 7), []);
    assert.deepEqual(Object.keys(environment), ['LISTEN_PID', 'LISTEN_FDS']);
    assert.deepEqual(takeListenFds({}, 7), []);
  });

  it('refuses a count that is none', () => {
    for (const count of ['0', 'x', '-1', '65', '']) {
      const environment = { LISTEN_PID: '7', LISTEN_FDS: count };
      assert.throws(() => takeListenFds(environment, 7), { name: 'UsageError' }, count);
    }
  });
});

describe('watchdogIntervalMs', () => {
  it('is half of what systemd waits for', () => {
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '30000000' }, 7), 15_000);
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '1', WATCHDOG_PID: '7' }, 7), 1);
  });

  it('is not there without a watchdog, or for another process', () => {
    assert.equal(watchdogIntervalMs({}, 7), undefined);
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '0' }, 7), undefined);
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: '9', WATCHDOG_PID: '8' }, 7), undefined);
  });
});

describe('openNotifier', () => {
  it('does nothing without a service manager', async () => {
    const { lines, log } = collectLog();
    const notifier = openNotifier({}, 7, log);
    notifier.send('READY=1');
    await notifier.close();
    assert.deepEqual(lines, []);
  });

  // A stand-in for systemd-notify that writes down its argument.
  function fakeTool(script: string): {
    environment: NodeJS.ProcessEnv;
    read(): string;
    end(): void;
  } {
    const folder = mkdtempSync(join(tmpdir(), 'zswapd-notify-'));
    const tool = join(folder, 'systemd-notify');
    writeFileSync(tool, `#!/bin/sh\n${script.replaceAll('$OUT', join(folder, 'out'))}\n`);
    chmodSync(tool, 0o755);
    writeFileSync(join(folder, 'out'), '');
    return {
      environment: { PATH: `${folder}:/usr/bin:/bin`, NOTIFY_SOCKET: '/none' },
      read: () => readFileSync(join(folder, 'out'), 'utf8'),
      end: () => rmSync(folder, { recursive: true }),
    };
  }

  it('sends each state in order, the last before it closes', async () => {
    const tool = fakeTool('printf "%s\\n" "$1" >> $OUT');
    const { lines, log } = collectLog();
    const notifier = openNotifier(tool.environment, 7, log);
    notifier.send('READY=1');
    notifier.send('STATUS=two words; $HOME');
    notifier.send('STOPPING=1');
    await notifier.close();
    assert.equal(tool.read(), 'READY=1\nSTATUS=two words; $HOME\nSTOPPING=1\n');
    assert.deepEqual(lines, []);
    tool.end();
  });

  it('says once that the tool does not work, and goes on', async () => {
    const tool = fakeTool('exit 3');
    let warn: (line: string) => void = () => {};
    const warned = new Promise<string>((resolve) => {
      warn = resolve;
    });
    const { log } = collectLog();
    // The helper does not keep the process alive; a service has other things that do.
    const keepAlive = setInterval(() => {}, 1000);
    const notifier = openNotifier(tool.environment, 7, { ...log, warn: (line) => warn(line) });
    notifier.send('READY=1');
    assert.match(await warned, /systemd-notify is gone \(status 3\)/);
    clearInterval(keepAlive);
    notifier.send('STOPPING=1');
    await notifier.close();
    tool.end();
  });
});
