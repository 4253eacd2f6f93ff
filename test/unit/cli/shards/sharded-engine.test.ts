// Goal: several engines on threads of their own are one daemon: exports are spread and come and go,
// connections reach the shard of their export and leave nothing behind, the limit is one.
// Method: the real threads behind real sockets, in this process, so that its descriptors count.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { readServeInvocation } from '../../../../src/cli/config.ts';
import {
  openShardedEngine,
  type ShardedEngine,
} from '../../../../src/cli/shards/sharded-engine.ts';
import { MIB, PAGE_SIZE } from '../../../../src/std/units.ts';
import { NBD_CMD_READ, NBD_CMD_WRITE, NBD_OPT_GO, NBD_OPT_LIST } from '../../../../src/nbd/wire.ts';
import { DiskClient } from '../../../support/disk-client.ts';
import { NbdClient } from '../../../support/nbd-client.ts';
import { concat, encodeOption, encodeRequest, infoData } from '../../../support/nbd-messages.ts';
import { projectFile } from '../../../support/project.ts';
import { generateMemory, generateNoise } from '../../../support/sample-pages.ts';
import {
  makeFolder,
  makeLoopDevice,
  reasonToSkip,
  type Storage,
} from '../../../support/storage.ts';

const PAGES = 64;
const noLoopDevice = reasonToSkip('root and losetup', () => makeLoopDevice(4 * MIB));

let folder: Storage;
let engine: ShardedEngine | undefined;
let path = '';

beforeEach(() => {
  folder = makeFolder();
  path = join(folder.path, 'nbd.sock');
});
afterEach(async () => {
  await engine?.nbd.close();
  await engine?.close();
  engine = undefined;
  folder.remove();
});

async function open(...argv: string[]): Promise<ShardedEngine> {
  const { config } = await readServeInvocation(argv);
  const opened = await openShardedEngine(config.engine);
  engine = opened;
  await opened.nbd.listenUnix(path);
  return opened;
}

const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** Lets others go on until something is so; what never comes true ends with the test's limit. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

/** Reads one reply to an option. */
async function skipReply(client: NbdClient): Promise<void> {
  const head = await client.read(20);
  await client.read(new DataView(head.buffer).getUint32(16));
}

/** Writes pages to an export and reads them back. */
async function exchange(name: string, seed: number, pages = PAGES): Promise<void> {
  const client = await DiskClient.open(path, name);
  const memory = generateMemory(pages, seed);
  assert.equal(await client.write(0, memory), 0);
  const { error, data } = await client.read(0, memory.length);
  assert.equal(error, 0);
  assert.ok(data.equals(memory));
  await client.close();
}

const given = (name: string): Parameters<ShardedEngine['addExport']>[0] => ({
  name,
  sizeBytes: MIB,
  zswapMax: 'max',
  zswapWriteback: true,
  compressor: 'lzo-rle',
});

describe('shards', { timeout: 120_000 }, () => {
  it('serve each export from the thread it lives on, to many clients at once', async () => {
    const sharded = await open(
      '--shards=2',
      '--no-spill',
      ...['a', 'b', 'c'].map((name) => `--export=${name}:1M`),
    );
    assert.deepEqual(
      sharded.exports.map(({ name }) => name),
      ['a', 'b', 'c'],
    );
    // Two clients of one export would write over each other.
    await Promise.all(['a', 'b', 'c'].map((name, seed) => exchange(name, seed)));
    const stats = await sharded.snapshot();
    assert.deepEqual(Object.keys(stats.memcg), ['a', 'b', 'c']);
    assert.equal(stats.nbd?.requests.write, 3);
    assert.equal(stats.nbd?.bytes.read, 3 * PAGES * PAGE_SIZE);
    const stored = Object.values(stats.memcg).map(({ zswapped }) => zswapped / PAGE_SIZE);
    assert.ok(stored.every((pages) => pages > 0));
    assert.equal(
      stats.zswap.stored_pages,
      stored.reduce((sum, pages) => sum + pages, 0),
    );
  });

  it('close every descriptor of connections that come and go in crowds', async () => {
    const sharded = await open('--shards=2', '--no-spill', '--export=a:8M', '--export=b:8M');
    await exchange('a', 1);
    const before = descriptors();
    for (let round = 0; round < 8; round += 1) {
      const clients = await Promise.all(
        Array.from({ length: 32 }, (_, index) => DiskClient.open(path, index % 2 ? 'a' : 'b')),
      );
      const page = generateMemory(1, round);
      // Some leave properly, some in the middle of a request, some without a word.
      await Promise.all(
        clients.map(async (client, index) => {
          if (index % 3 === 0) await client.tearWrite(index * PAGE_SIZE, page, 100);
          else if (index % 3 === 1) await client.vanish();
          else {
            assert.equal(await client.write(index * PAGE_SIZE, page), 0);
            await client.close();
          }
        }),
      );
    }
    await exchange('b', 2);
    await until(() => descriptors() <= before);
    await until(async () => (await sharded.snapshot()).nbd?.connections === 0);
  });

  it('get what a client sends without waiting for the end of the handshake', async () => {
    await open('--shards=2', '--no-spill', '--export=a:1M', '--export=b:1M');
    const client = await NbdClient.connect({ path });
    await client.greet();
    // All lists are answered before the connection goes to its shard, though nobody reads yet.
    client.socket.pause();
    const lists = Array.from({ length: 20 }, () => encodeOption(NBD_OPT_LIST));
    client.send(concat([...lists, encodeOption(NBD_OPT_GO, infoData('b'))]));
    const memory = generateMemory(40, 7);
    const writes = Array.from({ length: 40 }, (_, page) => {
      const offset = page * PAGE_SIZE;
      const data = memory.subarray(offset, offset + PAGE_SIZE);
      return client.request({ type: NBD_CMD_WRITE, offset, data });
    });
    client.socket.resume();
    // Two exports and an end for each list; the export's information and an end.
    for (let reply = 0; reply < 3 * lists.length + 2; reply += 1) await skipReply(client);
    client.beginTransmission();
    for (const { error } of await Promise.all(writes)) assert.equal(error, 0);
    const { data } = await client.request({ type: NBD_CMD_READ, offset: 0, length: memory.length });
    assert.ok(Buffer.from(data).equals(memory));
    await client.disconnect();
  });

  it('take exports while running, and let them go with their connections', async () => {
    const sharded = await open('--shards=3', '--no-spill', '--export=a:1M');
    await sharded.addExport(given('b'));
    await assert.rejects(sharded.addExport(given('b')), { code: 'ZSWAP_EXPORT' });
    await exchange('b', 3);
    const ended = await NbdClient.open({ path }, { exportName: 'b' });
    const left = await DiskClient.open(path, 'a');
    await Promise.all([sharded.removeExport('b'), sharded.removeExport('b')]);
    await ended.closed;
    assert.equal(await left.write(0, generateMemory(1, 1)), 0);
    await left.close();
    await assert.rejects(sharded.removeExport('b'), { name: 'RangeError' });
    assert.deepEqual(await sharded.listExports(), [{ name: 'a', size_bytes: MIB, state: 'ready' }]);
    await sharded.addExport(given('b'));
    await exchange('b', 4);
  });

  it('give a name to nobody else while an export of it is going', async () => {
    const sharded = await open(
      '--shards=2',
      '--no-spill',
      ...['a:1M', 'b:1M', 'c:2M'].map((each) => `--export=${each}`),
    );
    const holder = await NbdClient.open({ path }, { exportName: 'a' });
    // What was announced has to come before it can go.
    holder.send(encodeRequest({ type: NBD_CMD_WRITE, length: 2 * PAGE_SIZE }));
    await until(async () => (await sharded.snapshot()).nbd?.requests.write === 1);
    const removal = sharded.removeExport('a');
    // A name that is refused once is refused again, though another shard has room for it.
    await assert.rejects(sharded.addExport(given('a')), { code: 'ZSWAP_EXPORT' });
    await assert.rejects(sharded.addExport(given('a')), { code: 'ZSWAP_EXPORT' });
    holder.socket.destroy();
    await Promise.all([removal, sharded.removeExport('a')]);
    await sharded.addExport(given('a'));
    assert.deepEqual(
      (await sharded.listExports()).map(({ name }) => name),
      ['b', 'c', 'a'],
    );
    await sharded.removeExport('a');
    await assert.rejects(sharded.removeExport('a'), { name: 'RangeError' });
  });

  it('take a parameter together, and one of an export where it lives', async () => {
    const sharded = await open('--shards=2', '--no-spill', '--export=a:1M', '--export=b:1M');
    assert.equal(await sharded.setParameter('compressor', 'zstd:1'), 'zstd:1');
    assert.equal(await sharded.setParameter('b:memory.zswap.max', '64K'), '65536');
    const stats = await sharded.snapshot();
    assert.equal(stats.parameters.compressor, 'zstd:1');
    assert.equal(stats.memcg['a']?.['memory.zswap.max'], 'max');
    assert.equal(stats.memcg['b']?.['memory.zswap.max'], 65_536);
    await assert.rejects(sharded.setParameter('compressor', 'lz5'), { name: 'RangeError' });
    await assert.rejects(sharded.setParameter('c:memory.zswap.max', '1M'), {
      name: 'RangeError',
      message: /no export named c/,
    });
    await assert.rejects(sharded.reclaim('c', 1), { message: /no export named c/ });
    await assert.rejects(sharded.reclaim('a', 4096), { code: 'ZSWAP_RECLAIM' });
  });

  it('have one limit, and who is over it has the others write back, too', async () => {
    const sharded = await open(
      '--shards=2',
      `--spill=${join(folder.path, 'spill')}`,
      '--pool-size=2M',
      '--export=cold:8M',
      '--export=hot:8M',
    );
    const cold = await DiskClient.open(path, 'cold');
    const hot = await DiskClient.open(path, 'hot');
    // Noise, which is kept as it is: 400 pages are most of the limit of 512.
    assert.equal(await cold.write(0, generateNoise(400)), 0);
    const before = await sharded.snapshot();
    assert.equal(before.memcg['cold']?.zswpwb, 0);
    for (let page = 0; page < 400; page += 8) {
      assert.equal(await hot.write(page * PAGE_SIZE, generateNoise(8)), 0);
    }
    const writtenBack = async (): Promise<number> =>
      (await sharded.snapshot()).memcg['cold']?.zswpwb ?? 0;
    await until(async () => (await writtenBack()) > 0);
    const stats = await sharded.snapshot();
    // One zspage of the other shard, of up to 8 pages, may come in the same moment.
    assert.ok(stats.zswap.pool_total_size <= 2 * MIB + 2 * 8 * PAGE_SIZE);
    assert.ok(stats.zswap.pool_limit_hit > 0);
    const { error, data } = await cold.read(0, 400 * PAGE_SIZE);
    assert.equal(error, 0);
    assert.ok(data.equals(generateNoise(400)));
    await cold.close();
    await hot.close();
    assert.ok(existsSync(join(folder.path, 'spill.0')) && existsSync(join(folder.path, 'spill.1')));
  });

  it('say why they do not start, where descriptors are too few for so many', () => {
    const main = projectFile('dist/src/cli/main.js');
    for (const most of [64, 100, 150]) {
      const shell = `ulimit -n ${most}; exec "$0" "$@"`;
      const serve = `serve --shards=32 --export=a:1M --unix=${path} --no-http`.split(' ');
      const files = [`--spill=${join(folder.path, 'spill')}`, `--control=${path}.control`];
      const args = ['-c', shell, process.execPath, main, ...serve, ...files];
      const { status, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
      assert.equal(status, 1);
      assert.match(stderr, /^zswapd: .*(?:EMFILE|too many open files|ERR_WORKER)/m);
    }
  });

  it('refuse a block device, which they cannot divide', { skip: noLoopDevice }, async () => {
    const device = makeLoopDevice(4 * MIB);
    try {
      await assert.rejects(open('--shards=2', `--spill=${device.path}`, '--export=a:1M'), {
        code: 'ZSWAP_DEVICE_OPEN',
        message: `${device.path} is a block device, which shards cannot divide; give them a file`,
      });
    } finally {
      device.remove();
    }
  });

  it('open all together or not at all', async () => {
    await assert.rejects(
      open('--shards=2', `--spill=${join(folder.path, 'missing', 'x')}`, '--export=a:1M'),
      { code: 'ZSWAP_DEVICE_OPEN', message: /missing/ },
    );
    await assert.rejects(readServeInvocation(['--shards=0']), {
      message: "--shards: '0' is not a number of shards; it takes 1 to 64",
    });
    await assert.rejects(readServeInvocation(['--shards=2', '--record=x']), {
      message: '--record: takes one shard, since shards have no order in common',
    });
  });
});
