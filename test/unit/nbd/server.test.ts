// Goal: what only sockets can show: listening, both ways of receiving, closing, deadlines, and
// clients that misbehave beside clients that do not. The clock is the test's; nothing sleeps.
import assert from 'node:assert/strict';
import { linkSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, describe, it } from 'node:test';
import { createNbdServer } from '../../../src/nbd/index.ts';
import type { NbdServer, NbdServerOptions } from '../../../src/nbd/index.ts';
import { RamDisk } from '../../../src/testing/ram-disk.ts';
import { ManualClockRt } from '../../support/manual-clock-rt.ts';
import { NbdClient } from '../../support/nbd-client.ts';
import { concat, encodeFlags, encodeOption, encodeRequest } from '../../support/nbd-messages.ts';
import type { Reply } from '../../support/nbd-messages.ts';

const MIB = 1024 * 1024;
const [READ, WRITE, FLUSH] = [0, 1, 3] as const;
const folder = mkdtempSync(join(tmpdir(), 'zswapd-nbd-'));
after(() => rmSync(folder, { recursive: true }));
let paths = 0;
const freshPath = (): string => {
  paths += 1;
  return join(folder, `${paths}.sock`);
};

interface Bench {
  readonly server: NbdServer;
  readonly disk: RamDisk;
  readonly rt: ManualClockRt;
  readonly path: string;
}

async function serve(
  options: Partial<NbdServerOptions> = {},
  diskOptions: { waitChance?: number } = {},
): Promise<Bench> {
  const rt = new ManualClockRt();
  const disk = new RamDisk('swap', 4 * MIB, { ...diskOptions, rt });
  const server = createNbdServer({ exports: () => [disk], rt, ...options });
  const path = freshPath();
  await server.listenUnix(path);
  return { server, disk, rt, path };
}

/**
 * Lets the event loop turn until something is so; what never comes true ends with the test's limit.
 */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const patterned = (bytes: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + seed) & 0xff);

const limit = { timeout: 60_000 };

describe('ending the connections of a disk', limit, () => {
  it('cuts off who does not send what was announced, and leaves other disks alone', async () => {
    const rt = new ManualClockRt();
    const [gone, stays] = [new RamDisk('gone', MIB, { rt }), new RamDisk('stays', MIB, { rt })];
    const exports = [gone, stays];
    const server = createNbdServer({ exports: () => exports, rt });
    const path = freshPath();
    await server.listenUnix(path);
    const idle = await NbdClient.open({ path }, { exportName: 'gone' });
    const torn = await NbdClient.open({ path }, { exportName: 'gone' });
    const other = await NbdClient.open({ path }, { exportName: 'stays' });
    torn.send(encodeRequest({ type: WRITE, offset: 0, length: 8192 }));
    await until(() => server.counters.writes === 1);
    exports.shift();
    server.endConnections(gone);
    await idle.closed;
    await until(() => server.connectionCount === 2);
    await rt.advance(server.limits.closeMs + server.limits.tickMs);
    await torn.closed;
    assert.equal((await other.request({ type: READ, length: 4096 })).error, 0);
    await other.disconnect();
    await server.close();
  });
});

describe('listening', limit, () => {
  it('makes a socket that only its owner may use, and removes it', async () => {
    const { server, path } = await serve();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await server.close();
    assert.equal(statSync(path, { throwIfNoEntry: false }), undefined);
  });

  it('refuses a socket that a server listens on, and names it', async () => {
    const { server, rt, disk, path } = await serve();
    const second = createNbdServer({ exports: () => [disk], rt });
    await assert.rejects(second.listenUnix(path), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ZSWAP_LISTEN');
      assert.match(error.message, new RegExp(path));
      return true;
    });
    const client = await NbdClient.open({ path });
    await client.disconnect();
    await server.close();
  });

  it('replaces the socket of a server that is gone', async () => {
    const path = freshPath();
    // A listener whose path is moved away and put back leaves a socket file that nobody serves.
    const dead = createServer();
    await new Promise<void>((resolve) => void dead.listen(path, resolve));
    linkSync(path, `${path}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    renameSync(`${path}.kept`, path);
    const rt = new ManualClockRt();
    const server = createNbdServer({ exports: () => [new RamDisk('swap', MIB)], rt });
    await server.listenUnix(path);
    await (await NbdClient.open({ path })).disconnect();
    await server.close();
  });

  it('leaves a file that is no socket alone', async () => {
    const path = freshPath();
    writeFileSync(path, 'precious');
    const server = createNbdServer({ exports: () => [], rt: new ManualClockRt() });
    await assert.rejects(server.listenUnix(path), { code: 'ZSWAP_LISTEN' });
    assert.equal(statSync(path).size, 8);
    await server.close();
  });

  it('refuses paths that do not fit, folders that are not there and closed servers', async () => {
    const server = createNbdServer({ exports: () => [], rt: new ManualClockRt() });
    for (const path of ['', `/tmp/${'x'.repeat(110)}`, join(folder, 'no', 'such', 'folder')]) {
      await assert.rejects(server.listenUnix(path), { code: 'ZSWAP_LISTEN' });
    }
    await assert.rejects(server.listenFd(999), { code: 'ZSWAP_LISTEN' });
    await server.close();
    await assert.rejects(server.listenUnix(freshPath()), { code: 'ZSWAP_LISTEN' });
  });

  it('listens on TCP, tells its port, and refuses a port in use', async () => {
    const { server } = await serve();
    const port = await server.listenTcp('127.0.0.1', 0);
    assert.ok(port > 0);
    await assert.rejects(server.listenTcp('127.0.0.1', port), /ZSWAP_LISTEN|127\.0\.0\.1/);
    const client = await NbdClient.open({ host: '127.0.0.1', port });
    assert.equal(client.sizeBytes, 4 * MIB);
    await client.disconnect();
    await server.close();
  });

  it('listens on a socket that another process has bound', async () => {
    const bound = createServer();
    await new Promise<void>(
      (resolve) => void bound.listen({ host: '127.0.0.1', port: 0 }, resolve),
    );
    const { fd } = (bound as unknown as { _handle: { fd: number } })._handle;
    const address = bound.address();
    assert.ok(address !== null && typeof address === 'object');
    const script = fileURLToPath(new URL('../../support/nbd-serve-fd.js', import.meta.url));
    const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit', fd] });
    assert.ok(child.stdin !== null && child.stdout !== null);
    await once(child.stdout, 'data');
    await new Promise((resolve) => bound.close(resolve));
    const client = await NbdClient.open({ host: '127.0.0.1', port: address.port });
    assert.equal(client.sizeBytes, MIB);
    await client.disconnect();
    child.stdin.end();
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
});

for (const useOnread of [true, false]) {
  describe(`serving through ${useOnread ? 'one buffer' : "'data' events"}`, limit, () => {
    it('moves data both ways on Unix sockets and TCP, in step and waiting', async () => {
      for (const waitChance of [0, 0.3]) {
        const { server, disk, path } = await serve({ useOnread }, { waitChance });
        const port = await server.listenTcp('127.0.0.1', 0);
        for (const address of [{ path }, { host: '127.0.0.1', port }]) {
          for (const structured of [true, false]) {
            const client = await NbdClient.open(address, { structured });
            const data = patterned(MIB + 12_345, structured ? 3 : 4);
            const wrote = await Promise.all([
              client.request({ type: WRITE, offset: 77, data }),
              client.request({ type: WRITE, offset: 3 * MIB, data: data.subarray(0, 4096) }),
            ]);
            assert.deepEqual(
              wrote.map((reply) => reply.error),
              [0, 0],
            );
            const read = await client.request({ type: READ, offset: 77, length: data.length });
            assert.deepEqual(read.data, data);
            assert.deepEqual(disk.bytes.subarray(77, 77 + data.length), data);
            await client.disconnect();
          }
        }
        await server.close();
        assert.equal(server.connectionCount, 0);
        assert.equal(server.reservedBytes, 0);
      }
    });

    it('stops reading from a client that does not read, and goes on when it does', async () => {
      const { server, path } = await serve({ useOnread, limits: { outboundBytesMax: 65_536 } });
      const client = await NbdClient.open({ path });
      const lively = await NbdClient.open({ path });
      client.socket.pause();
      const replies: Promise<Reply>[] = [];
      for (let index = 0; index < 200; index += 1) {
        replies.push(client.request({ type: READ, offset: 0, length: 128 * 1024 }));
      }
      await until(() => server.counters.stalls > 0);
      assert.ok(server.reservedBytes <= 2 * MIB, `${server.reservedBytes} bytes held`);
      assert.equal((await lively.request({ type: READ, length: 4096 })).error, 0);
      client.socket.resume();
      const done = await Promise.all(replies);
      assert.ok(done.every((reply) => reply.data.length === 128 * 1024));
      assert.equal(server.reservedBytes, 0);
      await Promise.all([client.disconnect(), lively.disconnect()]);
      await server.close();
    });

    it('takes requests that follow GO in the same piece', async () => {
      const { server, path } = await serve({ useOnread });
      const client = await NbdClient.connect({ path });
      await client.read(18);
      client.send(
        concat([encodeFlags(3), encodeOption(1), encodeRequest({ type: FLUSH, cookie: 6 })]),
      );
      const answer = await client.read(10 + 16);
      assert.equal(Buffer.from(answer.subarray(-4)).readUInt32BE(), 6);
      await client.disconnect();
      await server.close();
    });
  });
}

describe('closing', limit, () => {
  it('finishes what is under way, refuses what comes, and ends', async () => {
    const rt = new ManualClockRt();
    const disk = new RamDisk('swap', MIB, { waitChance: 1 });
    const server = createNbdServer({ exports: () => [disk], rt });
    const path = freshPath();
    await server.listenUnix(path);
    const client = await NbdClient.open({ path });
    const idle = await NbdClient.open({ path });
    const haggling = await NbdClient.connect({ path });
    const underWay = client.request({ type: READ, length: 4096 });
    await until(() => disk.waitingCount === 1);
    const closed = server.close();
    await Promise.all([idle.closed, haggling.closed]);
    const refused = await client.request({ type: WRITE, data: patterned(4096) });
    assert.equal(refused.error, 108);
    await assert.rejects(NbdClient.connect({ path }));
    while (disk.runOne());
    assert.equal((await underWay).error, 0);
    await client.closed;
    await closed;
    assert.equal(server.connectionCount, 0);
    assert.equal(await server.close(), undefined);
  });

  it('cuts off after its limit what does not finish', async () => {
    const rt = new ManualClockRt();
    const disk = new RamDisk('swap', MIB, { waitChance: 1 });
    const server = createNbdServer({ exports: () => [disk], rt, limits: { closeMs: 5000 } });
    const path = freshPath();
    await server.listenUnix(path);
    const client = await NbdClient.open({ path });
    const lost = assert.rejects(client.request({ type: READ, length: 4096 }));
    await until(() => disk.waitingCount === 1);
    const closed = server.close();
    await rt.advance(4500);
    assert.equal(server.connectionCount, 1);
    await rt.advance(1500);
    await closed;
    await lost;
    while (disk.runOne());
    assert.equal(server.reservedBytes, 0);
  });
});

describe('deadlines', limit, () => {
  it('drops a client that does not finish its handshake', async () => {
    const { server, rt, path } = await serve({ limits: { handshakeMs: 5000 } });
    const silent = await NbdClient.connect({ path });
    const dripping = await NbdClient.connect({ path });
    const serious = await NbdClient.open({ path });
    for (let second = 0; second < 6; second += 1) {
      dripping.send(Uint8Array.of(0));
      await rt.advance(1000);
    }
    await Promise.all([silent.closed, dripping.closed]);
    assert.equal((await serious.request({ type: FLUSH })).error, 0);
    assert.equal(server.counters.connectionsDropped, 2);
    await serious.disconnect();
    await server.close();
  });

  it('drops who keeps memory from others, and nobody while nobody waits', async () => {
    const { server, rt, path } = await serve({
      limits: { ownedBytesPerServer: 32 * MIB, ownedFloorBytes: 4096, stallMs: 3000 },
    });
    const greedy = await Promise.all(Array.from({ length: 16 }, () => NbdClient.open({ path })));
    for (const client of greedy) {
      client.send(encodeRequest({ type: WRITE, length: 2 * MIB, data: new Uint8Array(10) }));
    }
    await until(() => server.reservedBytes === 32 * MIB);
    const modest = await NbdClient.open({ path });
    await rt.advance(20_000);
    assert.equal(server.connectionCount, 17, 'a slow client alone is left alone');
    assert.equal((await modest.request({ type: READ, length: 4096 })).error, 0);
    const waiting = modest.request({ type: READ, length: 2 * MIB });
    await until(() => server.counters.stalls > 0);
    await rt.advance(4000);
    assert.equal((await waiting).data.length, 2 * MIB);
    await Promise.all(greedy.map((client) => client.closed));
    await modest.disconnect();
    await server.close();
    assert.equal(server.reservedBytes, 0);
  });
});

describe('clients that send a byte now and then', limit, () => {
  it('do not keep memory from others for good', async () => {
    const { server, rt, path } = await serve({
      limits: { ownedBytesPerServer: 32 * MIB, ownedFloorBytes: 4096, stallMs: 3000 },
    });
    const trickling = await Promise.all(Array.from({ length: 16 }, () => NbdClient.open({ path })));
    for (const client of trickling) {
      client.send(encodeRequest({ type: WRITE, length: 2 * MIB, data: new Uint8Array(10) }));
    }
    await until(() => server.reservedBytes === 32 * MIB);
    const modest = await NbdClient.open({ path });
    const waiting = modest.request({ type: READ, length: 2 * MIB });
    await until(() => server.counters.stalls > 0);
    for (let second = 0; second < 5; second += 1) {
      for (const client of trickling) client.send(new Uint8Array(1));
      await rt.advance(1000);
    }
    await Promise.all(trickling.map((client) => client.closed));
    assert.equal((await waiting).data.length, 2 * MIB);
    await modest.disconnect();
    await server.close();
  });

  it('keep what is no more than their floor', async () => {
    const { server, rt, path } = await serve({
      limits: { ownedBytesPerServer: 32 * MIB, ownedFloorBytes: 4096, stallMs: 3000 },
    });
    const slow = await NbdClient.open({ path });
    slow.send(encodeRequest({ type: WRITE, length: 4096, data: new Uint8Array(10) }));
    const greedy = await Promise.all(Array.from({ length: 16 }, () => NbdClient.open({ path })));
    for (const client of greedy) {
      client.send(encodeRequest({ type: WRITE, length: 2 * MIB, data: new Uint8Array(10) }));
    }
    await until(() => server.counters.stalls > 0);
    for (let second = 0; second < 5; second += 1) {
      slow.send(new Uint8Array(1));
      await until(() => server.counters.stalls > 0);
      await rt.advance(1000);
    }
    assert.equal(slow.socket.destroyed, false);
    await Promise.all(greedy.slice(0, 15).map((client) => client.closed));
    slow.socket.destroy();
    for (const client of greedy) client.socket.destroy();
    await server.close();
  });
});

describe('hostile clients', limit, () => {
  it('are dropped for what is no NBD, while others live on', async () => {
    const { server, path } = await serve();
    const good = await NbdClient.open({ path });
    const nonsense = [
      new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'),
      encodeFlags(0xffffffff),
      concat([encodeFlags(3), new Uint8Array(16)]),
      concat([encodeFlags(3), encodeOption(6, new Uint8Array(0), 0xffffffff)]),
      concat([encodeFlags(3), encodeOption(1, new TextEncoder().encode('nobody'))]),
      concat([encodeFlags(3), encodeOption(1), new Uint8Array(28)]),
      concat([encodeFlags(3), encodeOption(1), encodeRequest({ type: WRITE, length: 0xffffffff })]),
    ];
    for (const bytes of nonsense) {
      const bad = await NbdClient.connect({ path });
      bad.send(bytes);
      await bad.closed;
    }
    assert.equal(server.counters.connectionsDropped, nonsense.length);
    assert.equal((await good.request({ type: WRITE, data: patterned(4096) })).error, 0);
    await good.disconnect();
    await server.close();
  });

  it('that go in the middle of a write leave whole pages and no memory behind', async () => {
    for (const waitChance of [0, 0.5]) {
      const { server, disk, path } = await serve({}, { waitChance });
      const good = await NbdClient.open({ path });
      for (let round = 0; round < 10; round += 1) {
        const bad = await NbdClient.open({ path });
        const request = encodeRequest({ type: WRITE, offset: MIB, data: patterned(600_000) });
        bad.send(request.subarray(0, 28 + round * 60_000));
        if (round % 2 === 0) bad.socket.end();
        else bad.socket.destroySoon();
        await bad.closed;
      }
      await until(() => server.connectionCount === 1 && disk.waitingCount === 0);
      await until(() => server.reservedBytes === 0);
      const whole = Math.floor(540_000 / 4096) * 4096;
      assert.deepEqual(disk.bytes.subarray(MIB, MIB + whole), patterned(whole));
      assert.equal((await good.request({ type: READ, length: 4096 })).error, 0);
      await good.disconnect();
      await server.close();
    }
  });

  it('that come in thousands are served or refused, and cost little', async () => {
    const { server, path } = await serve({ limits: { connectionsMax: 1000 } });
    const before = process.memoryUsage().arrayBuffers;
    const clients: NbdClient[] = [];
    for (let batch = 0; batch < 40; batch += 1) {
      const made = Array.from({ length: 50 }, () => NbdClient.connect({ path }));
      clients.push(...(await Promise.all(made)));
      // The loop accepts one connection a turn, and what waits to be accepted is limited.
      const { counters } = server;
      await until(
        () => counters.connectionsAccepted + counters.connectionsRefused >= clients.length,
      );
    }
    await until(() => server.counters.connectionsRefused === 1000);
    assert.equal(server.connectionCount, 1000);
    const perConnection = (process.memoryUsage().arrayBuffers - before) / 1000;
    assert.ok(perConnection < 8192, `${perConnection} bytes of buffers per silent connection`);
    const first = clients[0];
    assert.ok(first !== undefined);
    await first.negotiate({});
    assert.equal((await first.request({ type: READ, length: 4096 })).error, 0);
    for (const client of clients) client.socket.destroy();
    await until(() => server.connectionCount === 0);
    await server.close();
  });

  it('that ask for listings without reading them are made to wait', async () => {
    const rt = new ManualClockRt();
    const disks = Array.from({ length: 1000 }, (_, index) => new RamDisk(`disk-${index}`, 4096));
    const server = createNbdServer({ exports: () => disks, rt });
    const path = freshPath();
    await server.listenUnix(path);
    const client = await NbdClient.connect({ path });
    client.socket.removeAllListeners('data');
    client.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    client.send(concat([encodeFlags(3), ...Array.from({ length: 200 }, () => encodeOption(3))]));
    for (let turn = 0; turn < 200; turn += 1) await rt.yieldNow();
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < 2 * MIB, `${grown} bytes of at least 7,000,000`);
    let bytes = 0;
    client.socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    client.socket.resume();
    const listing = disks.reduce((sum, one) => sum + 24 + one.name.length, 20);
    await until(() => bytes >= 18 + 200 * listing);
    assert.equal(bytes, 18 + 200 * listing);
    client.socket.destroy();
    await server.close();
  });
});
