import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { spawnSync } from 'node:child_process';
import {
  askDaemon,
  defaultControlPath,
  findControlPath,
} from '../../../../src/cli/control/control-client.ts';
import {
  openControlServer,
  type ControlCommand,
} from '../../../../src/cli/control/control-server.ts';
import { ZswapError } from '../../../../src/std/error.ts';

const COMMANDS: Record<string, ControlCommand> = {
  echo: (request) => request['text'],
  wrong: () => {
    throw new RangeError('that is wrong');
  },
  fail: () => Promise.reject(new ZswapError('ZSWAP_DEVICE_IO', 'that failed')),
};

let folder = '';
let closers: (() => Promise<void>)[] = [];
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'zswapd-control-'));
});
afterEach(async () => {
  await Promise.all(closers.map((close) => close()));
  closers = [];
});
after(() => rmSync(folder, { recursive: true }));

async function open(
  name: string,
  limits: { lineBytesMax?: number; clientsMax?: number } = {},
): Promise<string> {
  const path = join(folder, name);
  const server = await openControlServer({ path, commands: COMMANDS, ...limits });
  closers.push(() => server.close());
  return path;
}

/** Sends texts on one connection and collects lines until there are so many or it ends. */
async function converse(path: string, texts: readonly string[], lines: number): Promise<string[]> {
  const socket: Socket = connect({ path });
  let text = '';
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split('\n').length > lines) resolve();
    });
    socket.on('end', resolve);
    for (const part of texts) socket.write(part);
  });
  socket.destroy();
  return text.split('\n').slice(0, -1);
}

describe('the control socket', () => {
  it('is for its owner only', async () => {
    const path = await open('mode.sock');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(process.umask(), process.umask(process.umask()));
  });

  it('answers a request with its result', async () => {
    const path = await open('echo.sock');
    assert.equal(await askDaemon(path, { command: 'echo', text: 'äöü' }), 'äöü');
  });

  it('tells a wrong request from one that failed', async () => {
    const path = await open('errors.sock');
    const wrong = { name: 'UsageError', message: 'that is wrong' };
    await assert.rejects(askDaemon(path, { command: 'wrong' }), wrong);
    const failed = { code: 'ZSWAP_CONTROL', message: 'that failed' };
    await assert.rejects(askDaemon(path, { command: 'fail' }), failed);
    const unknown = "unknown command 'toString'; there are echo, wrong, fail";
    await assert.rejects(askDaemon(path, { command: 'toString' }), { message: unknown });
  });

  it('answers requests of one connection in order, however they are cut', async () => {
    const path = await open('order.sock');
    const request = (text: number): string => `${JSON.stringify({ command: 'echo', text })}\n`;
    const all = `${request(1)}\n${request(2)}${request(3)}`;
    const answers = await converse(path, [all.slice(0, 20), all.slice(20)], 3);
    assert.deepEqual(
      answers.map((line) => (JSON.parse(line) as { result: number }).result),
      [1, 2, 3],
    );
  });

  it('refuses what is no request and goes on', async () => {
    const path = await open('nonsense.sock');
    const texts = ['nonsense\n', '[]\n', '7\n', '{"command":1}\n', '{"command":"echo","text":1}\n'];
    const answers = await converse(path, texts, 5);
    assert.deepEqual(
      answers.map((line) => (JSON.parse(line) as { ok: boolean }).ok),
      [false, false, false, false, true],
    );
  });

  it('hangs up on a line that is too long, whole or not', async () => {
    const path = await open('long.sock', { lineBytesMax: 100 });
    for (const text of ['x'.repeat(100), `${'x'.repeat(150)}\n`]) {
      const [answer = ''] = await converse(path, [text], 2);
      assert.match(answer, /longer than 100 bytes/);
    }
    assert.equal(await askDaemon(path, { command: 'echo', text: 'still there' }), 'still there');
  });

  it('refuses more clients than it allows, and serves again when one is gone', async () => {
    const path = await open('many.sock', { clientsMax: 1 });
    const first = connect({ path });
    await new Promise((resolve) => first.once('connect', resolve));
    await assert.rejects(askDaemon(path, { command: 'echo', text: 1 }), /more than 1 control/);
    first.end();
    await new Promise((resolve) => first.once('close', resolve));
    assert.equal(await askDaemon(path, { command: 'echo', text: 1 }), 1);
  });

  it('is removed when the server closes', async () => {
    const path = join(folder, 'gone.sock');
    await (await openControlServer({ path, commands: COMMANDS })).close();
    const error = { code: 'ZSWAP_CONTROL', message: /no daemon answers at '.*' \(ENOENT\)/ };
    await assert.rejects(askDaemon(path, { command: 'echo' }), error);
  });
});

describe('the path of the control socket', () => {
  it('is not taken from a live process', async () => {
    const path = await open('live.sock');
    await assert.rejects(openControlServer({ path, commands: COMMANDS }), {
      code: 'ZSWAP_LISTEN',
      message:
        `--control: '${path}' is in use by another process; ` +
        'choose another path with --control PATH',
    });
    assert.equal(await askDaemon(path, { command: 'echo', text: 1 }), 1);
  });

  it('is taken over from a dead one', async () => {
    const path = join(folder, 'stale.sock');
    const die = "() => process.kill(process.pid, 'SIGKILL')";
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, ${die})`;
    spawnSync(process.execPath, ['-e', script]);
    assert.ok(statSync(path).isSocket(), 'the dead process left its socket');
    await open('stale.sock');
    assert.equal(await askDaemon(path, { command: 'echo', text: 1 }), 1);
  });

  it('is never taken from a file of another kind', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'precious');
    const error = { code: 'ZSWAP_LISTEN', message: /exists and is not a socket/ };
    await assert.rejects(openControlServer({ path, commands: COMMANDS }), error);
    assert.equal(statSync(path).size, 8);
  });

  it('has a client that does not read its answers wait for itself', async () => {
    const path = join(folder, 'greedy.sock');
    let answers = 0;
    const answer = 'x'.repeat(16_384);
    const commands = { echo: () => ((answers += 1), answer) };
    const server = await openControlServer({ path, commands });
    closers.push(() => server.close());
    const socket = connect({ path });
    socket.pause();
    const count = 1000;
    socket.write('{"command":"echo"}\n'.repeat(count));
    let before = -1;
    while (answers === 0 || answers > before) {
      before = answers;
      for (let turns = 0; turns < 100; turns += 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    assert.ok(answers < count, `${answers} answers are kept for it`);
    socket.resume();
    while (answers < count) await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
  });

  it('lets others have their turn between two requests of one client', async () => {
    const path = join(folder, 'busy.sock');
    let answers = 0;
    let answersAtTurn = -1;
    const commands = {
      count: () => {
        answers += 1;
        if (answers === 1) setImmediate(() => (answersAtTurn = answers));
        return answers;
      },
    };
    const server = await openControlServer({ path, commands });
    closers.push(() => server.close());
    const lines = await converse(path, ['{"command":"count"}\n'.repeat(100)], 100);
    assert.equal(lines.length, 100);
    assert.equal(answersAtTurn, 1);
  });

  it('must lie in a folder that exists', async () => {
    const path = join(folder, 'none', 'a.sock');
    const error = { code: 'ZSWAP_LISTEN', message: /lies in a folder that is not there/ };
    await assert.rejects(openControlServer({ path, commands: COMMANDS }), error);
  });

  it('is by default in the run-time folder, else in the working folder', () => {
    const runtime = { RUNTIME_DIRECTORY: `${folder}:/other`, XDG_RUNTIME_DIR: '/' };
    assert.equal(defaultControlPath(runtime), join(folder, 'zswapd.sock'));
    assert.equal(defaultControlPath({ XDG_RUNTIME_DIR: folder }), join(folder, 'zswapd.sock'));
    assert.equal(defaultControlPath({ XDG_RUNTIME_DIR: join(folder, 'no') }), './zswapd.sock');
    assert.equal(defaultControlPath({}), './zswapd.sock');
  });

  it('is found where a daemon put it', async () => {
    const path = await open('zswapd.sock');
    assert.equal(findControlPath({ XDG_RUNTIME_DIR: folder }), path);
  });
});

describe('askDaemon', () => {
  it('refuses the answer of something else', async () => {
    const { createServer } = await import('node:net');
    for (const [index, reply] of ['HTTP/1.1 400\r\n', '{"ok":1}\n', ''].entries()) {
      const path = join(folder, `other${index}.sock`);
      const server = createServer((socket) => socket.end(reply));
      await new Promise<void>((resolve) => {
        server.listen(path, resolve);
      });
      await assert.rejects(askDaemon(path, { command: 'stat' }), { code: 'ZSWAP_CONTROL' });
      server.close();
    }
  });
});
