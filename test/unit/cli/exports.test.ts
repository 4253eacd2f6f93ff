// Goal: exports come and go on a running engine, and whoever uses the others notices nothing.
// Method: the real engine and the real NBD server over a Unix socket, with clients that have many
// requests under way.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Engine } from '../../../src/cli/engine/engine.ts';
import { openEngine } from '../../../src/cli/engine/open-engine.ts';
import { createNbdServer, type NbdServer } from '../../../src/nbd/server.ts';
import { ESHUTDOWN } from '../../../src/std/errno.ts';
import { MIB, PAGE_SIZE } from '../../../src/std/units.ts';
import { submit } from '../../support/client.ts';
import { DiskClient } from '../../support/disk-client.ts';
import { NbdClient } from '../../support/nbd-client.ts';
import { generateMemory, generateNoise } from '../../support/sample-pages.ts';
import { makeFolder, type Storage } from '../../support/storage.ts';

const WRITE = 1;
const PAGES = 256;
const DEPTH = 16;

/** Removes an export as the daemon does. */
async function remove(engine: Engine, server: NbdServer, name: string): Promise<void> {
  const disk = engine.exports.find((each) => each.name === name);
  const gone = engine.removeExport(name);
  if (disk !== undefined) server.endConnections(disk);
  await gone;
}

/** Writes page after page with many requests under way until it is refused or cut off. */
async function writeUntilEnd(client: NbdClient): Promise<{ shutDowns: number; written: number }> {
  const memory = generateMemory(64, 3);
  let shutDowns = 0;
  let written = 0;
  let ended = false;
  void client.closed.then(() => (ended = true));
  const worker = async (first: number): Promise<void> => {
    for (let page = first; !ended; page = (page + DEPTH) % PAGES) {
      const from = (page % 64) * PAGE_SIZE;
      const data = memory.subarray(from, from + PAGE_SIZE);
      try {
        const { error } = await client.request({ type: WRITE, offset: page * PAGE_SIZE, data });
        assert.ok(error === 0 || error === ESHUTDOWN, `error ${error}`);
        if (error === 0) written += 1;
        else shutDowns += 1;
      } catch {
        ended = true;
      }
    }
  };
  await Promise.all(Array.from({ length: DEPTH }, (_, first) => worker(first)));
  return { shutDowns, written };
}

describe('exports of a running engine', () => {
  let folder: Storage;
  let engine: Engine;
  let server: NbdServer;
  let path = '';
  before(async () => {
    folder = makeFolder();
    engine = await openEngine({
      exports: ['a', 'b', 'c'].map((name) => ({ name, sizeBytes: MIB })),
      spill: join(folder.path, 'spill'),
    });
    server = createNbdServer({ exports: () => engine.exports, rt: engine.rt });
    path = join(folder.path, 'nbd.sock');
    await server.listenUnix(path);
  });
  after(async () => {
    await server.close();
    await engine.close();
    folder.remove();
  });

  it('leave nothing when one is removed while its client writes, and touch no other', async () => {
    const kept = generateMemory(PAGES, 9);
    const [a, c] = [await DiskClient.open(path, 'a'), await DiskClient.open(path, 'c')];
    for (const client of [a, c]) assert.equal(await client.write(0, kept), 0);
    const noise = generateNoise(8);
    await engine.setParameter('enabled', '0');
    assert.equal(await a.write(0, noise), 0);
    await engine.setParameter('enabled', '1');
    const before = engine.snapshot();

    const b = await NbdClient.open({ path }, { exportName: 'b' });
    const writing = writeUntilEnd(b);
    while ((engine.snapshot().memcg['b']?.zswapped ?? 0) < 32 * PAGE_SIZE) {
      await engine.rt.yieldNow();
    }
    await engine.setParameter('enabled', '0');
    while ((engine.snapshot().memcg['b']?.pswpout ?? 0) < 4) await engine.rt.yieldNow();
    const disk = engine.exports.find(({ name }) => name === 'b');
    const removal = remove(engine, server, 'b');
    assert.deepEqual(
      engine.listExports().map(({ name, state }) => `${name} ${state}`),
      ['a ready', 'c ready', 'b removing'],
    );
    await assert.rejects(engine.addExport({ name: 'b', sizeBytes: MIB }), {
      code: 'ZSWAP_EXPORT',
      message: /still being removed/,
    });
    await Promise.all([removal, remove(engine, server, 'b')]);
    await engine.setParameter('enabled', '1');
    await b.closed;
    const { written } = await writing;
    assert.ok(written > 32);

    const now = engine.snapshot();
    assert.deepEqual(Object.keys(now.memcg), ['a', 'c']);
    assert.equal(now.zswap.stored_pages, before.zswap.stored_pages);
    assert.equal(now.spill?.used_bytes, before.spill?.used_bytes);
    assert.equal([...engine.zswap.memcgs.groups()].length, 3);
    assert.equal(disk !== undefined && submit(disk, 'read', 0, PAGE_SIZE).error, ESHUTDOWN);
    await assert.rejects(engine.removeExport('b'), { name: 'RangeError' });
    await assert.rejects(NbdClient.open({ path }, { exportName: 'b' }));

    const expected = Buffer.concat([noise, kept.subarray(noise.length)]);
    assert.ok((await a.read(0, MIB)).data.equals(expected));
    assert.ok((await c.read(0, MIB)).data.equals(kept));

    await engine.addExport({ name: 'b', sizeBytes: MIB, zswapMax: 64 * 1024, compressor: 'zstd' });
    await assert.rejects(engine.addExport({ name: 'b', sizeBytes: MIB }), { code: 'ZSWAP_EXPORT' });
    const again = await DiskClient.open(path, 'b');
    assert.ok((await again.read(0, MIB)).data.equals(Buffer.alloc(MIB)));
    assert.equal(await again.write(0, kept.subarray(0, PAGE_SIZE)), 0);
    assert.equal([...engine.zswap.pools.pools()].length, 2);
    await Promise.all([a.close(), c.close(), again.close()]);
    await remove(engine, server, 'b');
    assert.equal([...engine.zswap.pools.pools()].length, 1);
  });

  it('are named by the empty name in their order, until the last is gone', async () => {
    await remove(engine, server, 'a');
    await (await NbdClient.open({ path })).disconnect();
    await remove(engine, server, 'c');
    await assert.rejects(NbdClient.open({ path }));
    assert.deepEqual(engine.listExports(), []);
    await engine.addExport({ name: 'last', sizeBytes: 2 * MIB });
    const client = await NbdClient.open({ path });
    assert.equal(client.sizeBytes, 2 * MIB);
    await client.disconnect();
  });

  it('are refused whole for what they cannot have', async () => {
    const groups = [...engine.zswap.memcgs.groups()].length;
    const bad = { name: 'bad', sizeBytes: MIB };
    for (const wrong of [{ zswapMax: -1 }, { sizeBytes: 0 }, { compressor: 'best' }]) {
      await assert.rejects(engine.addExport({ ...bad, ...wrong }), { name: 'RangeError' });
    }
    const size = 2 ** 45;
    await assert.rejects(engine.addExport({ ...bad, sizeBytes: size }), { code: 'ZSWAP_EXPORT' });
    await engine.rt.yieldNow();
    assert.equal([...engine.zswap.memcgs.groups()].length, groups);
    assert.deepEqual(
      engine.exports.map(({ name }) => name),
      ['last'],
    );
  });

  it('leave memory, groups, slots and pools as they were when they come and go', async () => {
    const memory = generateMemory(PAGES, 4);
    const round = async (compressor: string): Promise<void> => {
      await engine.addExport({ name: 'vm', sizeBytes: 4 * MIB, compressor });
      const disk = engine.exports.find(({ name }) => name === 'vm');
      assert.ok(disk !== undefined);
      for (const offset of [0, MIB, 2 * MIB]) {
        assert.equal(submit(disk, 'write', offset, MIB, memory).error, 0);
      }
      await remove(engine, server, 'vm');
    };
    const held = (): unknown => ({
      groups: [...engine.zswap.memcgs.groups()].length,
      areas: engine.zswap.swap.areas.map(({ firstSlot, pageCount }) => [firstSlot, pageCount]),
      used: engine.zswap.swap.table.usedSlots,
      pools: [...engine.zswap.pools.pools()].map(({ id, references }) => [id, references]),
      stored: engine.snapshot().zswap.stored_pages,
      spill: engine.snapshot().spill?.used_bytes,
      tables: engine.zswap.swap.metadataBytes + engine.zswap.entries.metadataBytes,
    });
    for (let i = 0; i < 20; i += 1) await round(i % 2 === 0 ? 'lz4' : 'lzo-rle');
    const before = held();
    const rssBefore = engine.snapshot().process.rss;
    for (let i = 0; i < 180; i += 1) await round(i % 2 === 0 ? 'lz4' : 'lzo-rle');
    assert.deepEqual(held(), before);
    // Three MiB written in each round: what leaked a tenth of it would show.
    assert.ok(engine.snapshot().process.rss < rssBefore + 50 * MIB);
  });
});

describe('reclaim', () => {
  it('writes back so many bytes of one export and no other, and says how many', async () => {
    const folder = makeFolder();
    const engine = await openEngine({
      exports: [
        { name: 'a', sizeBytes: MIB },
        { name: 'b', sizeBytes: MIB },
        { name: 'stays', sizeBytes: MIB, zswapWriteback: false },
      ],
      spill: join(folder.path, 'spill'),
    });
    const memory = generateMemory(PAGES, 6);
    for (const disk of engine.exports.slice(0, 2)) {
      const request = submit(disk, 'write', 0, MIB, memory);
      while (!request.finished) await engine.rt.yieldNow();
      assert.equal(request.error, 0);
    }
    const before = engine.snapshot().memcg;
    const all = before['a']?.['memory.zswap.current'] ?? 0;
    assert.equal(await engine.reclaim('a', 0), 0);
    const some = await engine.reclaim('a', 65_536);
    assert.ok(some >= 65_536 && some < 65_536 + 32 * PAGE_SIZE, `${some} bytes`);
    assert.equal(await engine.reclaim('a', 2 ** 40), all - some);
    const after = engine.snapshot().memcg;
    assert.equal(after['a']?.zswapped, 0);
    assert.deepEqual(after['b'], before['b']);
    await assert.rejects(engine.reclaim('nobody', 1), { name: 'RangeError' });
    await assert.rejects(engine.reclaim('stays', 1), {
      code: 'ZSWAP_RECLAIM',
      message: /memory\.zswap\.writeback is 0/,
    });
    // Neither the end of the engine nor that of the export waits for all of it.
    const cut = engine.reclaim('b', 2 ** 40);
    await engine.close();
    assert.ok((await cut) < all);
    folder.remove();
  });

  it('says that there is no device', async () => {
    const engine = await openEngine({ exports: [{ name: 'a', sizeBytes: MIB }] });
    await assert.rejects(engine.reclaim('a', 1), { code: 'ZSWAP_RECLAIM' });
    await engine.close();
  });
});
