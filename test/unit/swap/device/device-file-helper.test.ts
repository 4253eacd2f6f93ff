import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { present } from '../../../../src/std/assert.ts';
import { MIB } from '../../../../src/std/units.ts';
import { DeviceHelper } from '../../../../src/swap/device/device-file-helper.ts';
import { untilGone } from '../../../support/device-process.ts';
import { makeFolder } from '../../../support/storage.ts';

const folder = makeFolder();
after(() => folder.remove());

async function makeFile(name: string): Promise<FileHandle> {
  const handle = await open(join(folder.path, name), 'w+');
  await handle.write(new Uint8Array(4 * MIB).fill(1));
  return handle;
}

function punch(helper: DeviceHelper, offset: number, length: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    helper.punch(offset, length, resolve);
  });
}

describe('DeviceHelper', () => {
  it('punches one hole after another, and only there', async () => {
    const handle = await makeFile('holes');
    const before = (await handle.stat()).blocks;
    const helper = await DeviceHelper.start(handle.fd, 'file');
    assert.equal(helper.state, 'ready');
    assert.equal(await punch(helper, MIB, MIB), undefined);
    assert.equal(await punch(helper, 3 * MIB, MIB), undefined);
    await helper.end();
    assert.equal((await handle.stat()).blocks, before - (2 * MIB) / 512);
    const { buffer } = await handle.read({ buffer: new Uint8Array(4 * MIB), position: 0 });
    assert.deepEqual(
      [buffer[MIB - 1], buffer[MIB], buffer[2 * MIB], buffer[3 * MIB]],
      [1, 0, 1, 0],
    );
    await handle.close();
  });

  it('gives the reason in one line when a punch fails, and goes on', async () => {
    const handle = await makeFile('reasons');
    const helper = await DeviceHelper.start(handle.fd, 'file');
    assert.match(present(await punch(helper, 0, 0)), /length/);
    assert.equal(await punch(helper, 0, MIB), undefined);
    await helper.end();
    await handle.close();
  });

  it('takes a lock on the descriptor that outlives it and ends with the descriptor', async () => {
    const first = await makeFile('locked');
    const second = await open(join(folder.path, 'locked'), 'r+');
    const helper = await DeviceHelper.start(first.fd, 'file');
    await helper.end();
    assert.equal((await DeviceHelper.start(second.fd, 'file')).state, 'busy');
    await first.close();
    const heir = await DeviceHelper.start(second.fd, 'file');
    assert.equal(heir.state, 'ready');
    await heir.end();
    await second.close();
  });

  it('counts a punch that outlives it as under way', async () => {
    // A tool that ends when somebody writes to the FIFO, in place of fallocate(1).
    const tools = join(folder.path, 'tools');
    const fifo = join(folder.path, 'fifo');
    mkdirSync(tools);
    execFileSync('mkfifo', [fifo]);
    const script = `#!/bin/sh\necho started >${fifo}\nread -r word <${fifo}\n`;
    writeFileSync(join(tools, 'fallocate'), script, { mode: 0o755 });
    const handle = await makeFile('outlived');
    const path = process.env['PATH'];
    process.env['PATH'] = `${tools}:${path}`;
    const helper = await DeviceHelper.start(handle.fd, 'file');
    process.env['PATH'] = path;
    let isAnswered = false;
    const answer = punch(helper, 0, MIB).finally(() => {
      isAnswered = true;
    });
    assert.equal(await readFile(fifo, 'utf8'), 'started\n');
    process.kill(present(helper.pid), 'SIGKILL');
    await untilGone(present(helper.pid));
    // Time enough for the end of the shell to be noticed, if that were what counts.
    for (let turn = 0; turn < 100; turn++) await setImmediate();
    assert.equal(isAnswered, false);
    await writeFile(fifo, 'end\n');
    assert.match(present(await answer), /has ended/);
    await helper.end();
    await handle.close();
  });

  it('answers the punch under way when it is killed, and can still be ended', async () => {
    const handle = await makeFile('killed');
    const helper = await DeviceHelper.start(handle.fd, 'file');
    const pid = present(helper.pid);
    process.kill(pid, 'SIGSTOP');
    const answer = punch(helper, 0, MIB);
    process.kill(pid, 'SIGKILL');
    assert.match(present(await answer), /has ended/);
    assert.equal(helper.state, 'none');
    await helper.end();
    await helper.end();
    await handle.close();
  });
});
