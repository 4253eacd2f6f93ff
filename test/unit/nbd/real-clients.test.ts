// Goal: the clients that people use agree with us. Each test skips, and says so, where its tool is
// not installed. The disk waits now and then, so that late answers are met as well.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createNbdServer } from '../../../src/nbd/index.ts';
import type { NbdServer } from '../../../src/nbd/index.ts';
import { RamDisk } from '../../../src/testing/ram-disk.ts';
import { NodeRt } from '../../../src/rt/rt-node.ts';

const MIB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'zswapd-clients-'));
const uri = (name = ''): string => `nbd+unix:///${name}?socket=${join(folder, 'nbd.sock')}`;
let server: NbdServer;
let waiting: RamDisk;

before(async () => {
  const rt = new NodeRt();
  waiting = new RamDisk('waiting', 16 * MIB, { rt, waitChance: 0.05 });
  const prompt = new RamDisk('swap', 16 * MIB, { rt });
  server = createNbdServer({ exports: () => [prompt, waiting], rt });
  await server.listenUnix(join(folder, 'nbd.sock'));
});

after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Why a test of that tool is skipped, or false. */
function missing(tool: string): string | false {
  return spawnSync(tool, ['--version']).error === undefined ? false : `SKIPPED: needs ${tool}`;
}

/** Runs a tool beside the server; resolves with its standard output, rejects unless it exits 0. */
function run(tool: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
    let output = '';
    let complaints = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${tool} exits ${code}: ${complaints}${output.slice(-2000)}`));
    });
  });
}

const patterned = (bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + (index >> 12)) & 0xff);

describe('libnbd', { timeout: 120_000 }, () => {
  const skip = missing('nbdinfo') || missing('nbdcopy');

  it('reads what the server offers', { skip }, async () => {
    const info = JSON.parse(await run('nbdinfo', ['--json', uri()]));
    assert.equal(info.protocol, 'newstyle-fixed');
    assert.equal(info.structured, true);
    const [first] = info.exports;
    assert.equal(first['export-size'], 16 * MIB);
    assert.deepEqual(first.contexts, ['base:allocation']);
    for (const can of ['df', 'fast_zero', 'flush', 'fua', 'multi_conn', 'trim', 'zero']) {
      assert.equal(first[`can_${can}`], true, can);
    }
    assert.equal(first.can_cache, false);
    assert.deepEqual(
      [first.block_size_minimum, first.block_size_preferred, first.block_size_maximum],
      [1, 4096, 32 * MIB],
    );
    const list = JSON.parse(await run('nbdinfo', ['--json', '--list', uri()]));
    assert.deepEqual(
      list.exports.map((one: Record<string, unknown>) => one['export-name']),
      ['swap', 'waiting'],
    );
    await assert.rejects(run('nbdinfo', [uri('nobody')]), /nobody/);
  });

  it('copies both ways and maps what it copied', { skip }, async () => {
    const file = join(folder, 'copy.img');
    const bytes = new Uint8Array(16 * MIB);
    bytes.set(patterned(5 * MIB + 4096), MIB);
    writeFileSync(file, bytes);
    for (const name of ['', 'waiting']) {
      await run('nbdcopy', ['--connections=4', '--requests=64', '--flush', file, uri(name)]);
      await run('nbdcopy', [uri(name), `${file}.back`]);
      assert.ok(Buffer.from(bytes).equals(readFileSync(`${file}.back`)));
      const map = JSON.parse(await run('nbdinfo', ['--map', '--json', uri(name)]));
      const total = map.reduce((sum: number, one: { length: number }) => sum + one.length, 0);
      assert.equal(total, 16 * MIB);
      assert.ok(map.length >= 3);
    }
  });
});

describe('QEMU', { timeout: 120_000 }, () => {
  const skip = missing('qemu-img') || missing('qemu-io');

  it('writes, reads back, zeroes and discards', { skip }, async () => {
    for (const name of ['swap', 'waiting']) {
      const commands = [
        'write -P 0x5a 0 1M',
        'read -P 0x5a 0 1M',
        'write -P 0x11 4095 4098',
        'read -P 0x11 4095 4098',
        'read -P 0x5a 8193 1000',
        'write -z -u 8192 65536',
        'read -P 0 8192 65536',
        'write -f -P 0x77 3M 12345',
        'read -P 0x77 3M 12345',
        'discard 512k 256k',
        'flush',
      ];
      const args = commands.flatMap((command) => ['-c', command]);
      const output = await run('qemu-io', ['-f', 'raw', ...args, uri(name)]);
      assert.doesNotMatch(output, /verification failed|error/i);
    }
  });

  it('converts, compares and maps', { skip }, async () => {
    const file = join(folder, 'qemu.img');
    const bytes = new Uint8Array(16 * MIB);
    bytes.set(patterned(3 * MIB), 2 * MIB);
    writeFileSync(file, bytes);
    await run('qemu-img', ['convert', '-n', '-f', 'raw', '-O', 'raw', file, uri('waiting')]);
    const same = await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', file, uri('waiting')]);
    assert.match(same, /identical/);
    const map = JSON.parse(
      await run('qemu-img', ['map', '--output=json', '-f', 'raw', uri('waiting')]),
    );
    assert.ok(map.some((one: { zero: boolean }) => one.zero));
    await run('qemu-img', [
      'bench',
      '-w',
      '-c',
      '500',
      '-d',
      '16',
      '-s',
      '4096',
      '-f',
      'raw',
      uri(),
    ]);
  });
});

describe('fio', { timeout: 120_000 }, () => {
  const hasEngine = (): string | false => {
    const listed = spawnSync('fio', ['--enghelp']).stdout?.toString() ?? '';
    return listed.includes('nbd') ? false : 'SKIPPED: needs fio with the nbd engine';
  };

  it('verifies random writes of all sizes', { skip: hasEngine() }, async () => {
    for (const name of ['swap', 'waiting']) {
      await run('fio', [
        '--name=verify',
        '--ioengine=nbd',
        `--uri=${uri(name)}`,
        '--rw=randwrite',
        '--bs=4k-128k',
        '--iodepth=16',
        '--size=16M',
        '--verify=crc32c',
        '--verify_fatal=1',
        '--verify_state_save=0',
        '--do_verify=1',
        '--verify_state_save=0',
        '--thread',
        '--output=/dev/null',
      ]);
    }
  });
});
