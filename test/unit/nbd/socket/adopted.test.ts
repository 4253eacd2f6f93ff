// Goal: a connection that is handed over ends in ways that leave both sides' event loops whole.
// Method: router and adopter on one thread, with turns of the loop for the way of each message.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { createNbdAdopter, createNbdRouter } from '../../../../src/nbd/server.ts';
import type { NbdAdopter, NbdRouter } from '../../../../src/nbd/server.ts';
import type { HandedConnection } from '../../../../src/nbd/socket/handover.ts';
import { NBD_CMD_READ, NBD_OPT_GO, NBD_OPT_LIST } from '../../../../src/nbd/wire.ts';
import { NodeRt } from '../../../../src/rt/rt-node.ts';
import { RamDisk } from '../../../../src/testing/ram-disk.ts';
import { NbdClient } from '../../../support/nbd-client.ts';
import { concat, encodeOption, encodeRequest, infoData } from '../../../support/nbd-messages.ts';

const MIB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'zswapd-adopted-'));
after(() => rmSync(folder, { recursive: true }));

let disks: RamDisk[] = [];
let router: NbdRouter;
let adopter: NbdAdopter;
let path = '';
let handedOver: HandedConnection[] = [];

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function turns(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await turn();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Tells the router at once, which is the worst moment, and hears of it late. */
async function giveBack(fd: number): Promise<void> {
  await router.takeBack(fd);
  await turns(5);
}

beforeEach(async () => {
  const rt = new NodeRt();
  disks = [new RamDisk('a', 4 * MIB)];
  handedOver = [];
  adopter = createNbdAdopter({ exports: () => disks, rt });
  router = createNbdRouter({
    exports: () => disks,
    rt,
    handOver: (handed) => {
      handedOver.push(handed);
      adopter.adopt(handed, giveBack);
    },
  });
  path = join(folder, `${Math.trunc(performance.now())}.sock`);
  await router.listenUnix(path);
});
afterEach(async () => {
  await adopter.close();
  await router.close();
});

describe('an adopted connection', { timeout: 60_000 }, () => {
  it('is cut off in the middle of its answers without harm to the loop', async () => {
    for (let round = 0; round < 3; round += 1) {
      const client = await NbdClient.open({ path }, { exportName: 'a' });
      client.socket.pause();
      for (let read = 0; read < 3; read += 1) {
        client.send(encodeRequest({ type: NBD_CMD_READ, length: MIB, cookie: read }));
      }
      // The answers are more than the socket holds.
      await until(() => adopter.counters.bytesRead === (round + 1) * 3 * MIB);
      await turns(5);
      assert.ok(adopter.reservedBytes > 0);
      client.send(new Uint8Array(28));
      await until(() => adopter.counters.connectionsDropped === round + 1);
      await until(() => adopter.connectionCount === 0);
      client.socket.destroy();
      await client.closed;
    }
  });
  it('is not made for an export of the same name that has come meanwhile', async () => {
    const others = Array.from({ length: 100 }, (_, index) => {
      return new RamDisk(`${index}`.padEnd(128, 'x'), 4096);
    });
    disks.push(...others);
    const client = await NbdClient.connect({ path });
    await client.greet();
    client.socket.pause();
    // The answers are more than the socket holds, so the handshake is done and not yet over.
    const lists = Array.from({ length: 20 }, () => encodeOption(NBD_OPT_LIST));
    client.send(concat([...lists, encodeOption(NBD_OPT_GO, infoData('a'))]));
    await turns(20);
    assert.equal(router.connectionCount, 1);
    disks = [new RamDisk('a', MIB), ...others];
    client.socket.resume();
    await client.closed;
    await until(() => router.connectionCount === 0);
    assert.equal(handedOver.length, 0);
  });
});
