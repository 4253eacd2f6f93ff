// Goal: each command answered as the protocol says, each limit reached and left again, without a
// socket. Method: the harness feeds bytes and plays the outlet; the disk waits when told to.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Payload } from '../../../../src/blk/payload.ts';
import { EIO, ENOSPC } from '../../../../src/std/errno.ts';
import { RamDisk } from '../../../../src/testing/ram-disk.ts';
import { Harness, ManualResources } from '../../../support/nbd-harness.ts';
import { concat, encodeRequest } from '../../../support/nbd-messages.ts';
import type { Reply } from '../../../support/nbd-messages.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const [READ, WRITE, DISC, FLUSH, TRIM, CACHE, ZEROES, STATUS] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const [EINVAL, ENOTSUP, ESHUTDOWN] = [22, 95, 108] as const;

const patterned = (bytes: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + (index >> 8) * 7 + seed) & 0xff);
const disk = (options?: ConstructorParameters<typeof RamDisk>[2]): RamDisk =>
  new RamDisk('swap', MIB, options);
const slowDisk = (): RamDisk => disk({ waitChance: 1 });

/** The single reply to a single request. */
function only(replies: readonly Reply[]): Reply {
  assert.equal(replies.length, 1);
  const [reply] = replies;
  assert.ok(reply !== undefined);
  return reply;
}

describe('commands', () => {
  for (const structured of [true, false]) {
    it(`writes and reads at any alignment, ${structured ? 'structured' : 'simple'} replies`, () => {
      const harness = new Harness(disk(), { structured, hasStatus: structured });
      for (const [offset, length] of [
        [0, 4096],
        [1, 1],
        [4095, 2],
        [5000, 20_000],
        [MIB - 3, 3],
      ] as const) {
        const data = patterned(length, offset);
        const written = only(harness.exchange({ type: WRITE, cookie: 9, offset, data }));
        assert.equal(written.error, 0);
        const read = only(harness.exchange({ type: READ, cookie: 7, offset, length }));
        assert.equal(read.cookie, 7);
        assert.equal(read.structured, structured);
        assert.equal(read.offset, structured ? offset : 0);
        assert.deepEqual(read.data, data);
      }
    });

    it(`answers errors and lives on, ${structured ? 'structured' : 'simple'} replies`, () => {
      const harness = new Harness(disk(), { structured, hasStatus: structured });
      for (const [request, error] of [
        [{ type: READ, offset: MIB, length: 1 }, EINVAL],
        [{ type: READ, length: 0 }, EINVAL],
        [{ type: READ, length: 32 * MIB + 1 }, EINVAL],
        [{ type: READ, length: 4096, flags: 0x8000 }, EINVAL],
        [{ type: WRITE, offset: MIB - 1, data: patterned(2) }, ENOSPC],
        [{ type: WRITE, data: new Uint8Array(0) }, EINVAL],
        [{ type: WRITE, flags: 2, data: patterned(5000) }, EINVAL],
        [{ type: TRIM, offset: MIB, length: 4096 }, EINVAL],
        [{ type: ZEROES, offset: MIB, length: 4096 }, ENOSPC],
        [{ type: ZEROES, offset: 1, length: 4096, flags: 16 }, ENOTSUP],
        [{ type: FLUSH, length: 1 }, EINVAL],
        [{ type: CACHE, length: 4096 }, EINVAL],
        [{ type: 99, offset: 3, length: 7 }, EINVAL],
        [{ type: STATUS, offset: MIB, length: 1 }, EINVAL],
      ] as const) {
        const reply = only(harness.exchange(request));
        assert.equal(reply.error, error, JSON.stringify(request));
        const needsChunk = request.type === READ || request.type === STATUS;
        assert.equal(reply.structured, structured && needsChunk);
      }
      assert.equal(only(harness.exchange({ type: FLUSH })).error, 0);
      assert.equal(harness.transmission.reservedBytes, 0);
    });
  }

  it('trims whole pages and zeroes any bytes', () => {
    const harness = new Harness(disk());
    harness.exchange({ type: WRITE, data: patterned(4 * 4096) });
    const replies = harness.exchange(
      { type: TRIM, cookie: 1, offset: 4096, length: 4096, flags: 1 },
      { type: ZEROES, cookie: 2, offset: 8192, length: 4096, flags: 2 | 16 },
      { type: ZEROES, cookie: 3, offset: 10, length: 20 },
      { type: READ, cookie: 4, length: 4 * 4096, flags: 4 },
    );
    assert.deepEqual(
      replies.map((reply) => reply.error),
      [0, 0, 0, 0],
    );
    const expected = patterned(4 * 4096);
    expected.fill(0, 4096, 3 * 4096);
    expected.fill(0, 10, 30);
    assert.deepEqual(replies[3]?.data, expected);
  });

  it('describes extents, merged, cut to the range, and one only if asked', () => {
    const harness = new Harness(disk());
    harness.exchange({ type: WRITE, offset: 4096, data: patterned(8192) });
    harness.exchange({ type: ZEROES, offset: 12288, length: 4096 });
    const all = only(harness.exchange({ type: STATUS, offset: 100, length: 20_000 }));
    assert.deepEqual(all.extents, [
      { bytes: 3996, flags: 3 },
      { bytes: 8192, flags: 0 },
      { bytes: 4096, flags: 2 },
      { bytes: 3716, flags: 3 },
    ]);
    const one = only(harness.exchange({ type: STATUS, offset: 4096, length: 20_000, flags: 8 }));
    assert.deepEqual(one.extents, [{ bytes: 8192, flags: 0 }]);
  });

  it('cuts a description that would be too long', () => {
    const harness = new Harness(disk(), { limits: { statusDescriptorsMax: 3 } });
    for (let page = 0; page < 20; page += 2) {
      harness.exchange({ type: WRITE, offset: page * 4096, data: patterned(4096) });
    }
    const reply = only(harness.exchange({ type: STATUS, length: MIB }));
    assert.deepEqual(
      reply.extents.map((extent) => extent.bytes),
      [4096, 4096, 4096],
    );
  });

  it('passes errors of the disk on, early and late', () => {
    for (const waitChance of [0, 1]) {
      const ram = disk({ waitChance });
      const harness = new Harness(ram);
      ram.badPages.set(2, ENOSPC);
      ram.badPages.set(9, EIO);
      const fields = { offset: 4096, data: patterned(5 * 4096) };
      harness.push(harness.encode({ type: WRITE, cookie: 1, ...fields }), [28 + 4096, 5000]);
      harness.push(harness.encode({ type: READ, cookie: 2, offset: 8 * 4096, length: 8192 }));
      harness.push(harness.encode({ type: FLUSH, cookie: 3 }));
      harness.settle();
      const errors = new Map(harness.takeReplies().map((reply) => [reply.cookie, reply.error]));
      assert.deepEqual(Object.fromEntries(errors), { 1: ENOSPC, 2: EIO, 3: 0 });
      assert.equal(harness.transmission.reservedBytes, 0);
      assert.deepEqual(ram.bytes.subarray(4096, 8192), fields.data.subarray(0, 4096));
    }
  });

  it('answers out of order, each with its own cookie', () => {
    const ram = slowDisk();
    const harness = new Harness(ram);
    for (let cookie = 0; cookie < 40; cookie += 1) {
      const offset = cookie * 8192;
      harness.push(harness.encode({ type: WRITE, cookie, offset, data: patterned(8192, cookie) }));
    }
    assert.equal(harness.transmission.inFlightCount, 40);
    harness.settle();
    const cookies = harness.takeReplies().map((reply) => reply.cookie);
    assert.notDeepEqual(
      cookies,
      [...cookies].sort((a, b) => a - b),
    );
    assert.equal(new Set(cookies).size, 40);
    for (let cookie = 0; cookie < 40; cookie += 1) {
      assert.deepEqual(
        ram.bytes.subarray(cookie * 8192, (cookie + 1) * 8192),
        patterned(8192, cookie),
      );
    }
  });
});

describe('the end of a connection', () => {
  it('finishes after DISC, when what is under way is answered', () => {
    const harness = new Harness(slowDisk());
    harness.exchange(
      { type: READ, cookie: 1, length: 4096 },
      { type: DISC },
      { type: READ, cookie: 2 },
    );
    assert.equal(harness.isFinished, false);
    harness.settle();
    assert.equal(harness.isFinished, true);
    assert.deepEqual(
      harness.takeReplies().map((reply) => reply.cookie),
      [1],
    );
  });

  it('is broken by a wrong magic, after what was asked before is answered', () => {
    const harness = new Harness(disk());
    const replies = harness.exchange(
      { type: FLUSH, cookie: 5 },
      { type: FLUSH, magic: 0x25609514 },
    );
    assert.equal(only(replies).cookie, 5);
    assert.ok(harness.isBroken);
  });

  it('skips a refused write and is broken by one that is too long to skip', () => {
    const harness = new Harness(disk(), { limits: { drainBytesMax: 40 * MIB } });
    harness.push(encodeRequest({ type: WRITE, cookie: 3, length: 33 * MIB }));
    const filler = new Uint8Array(MIB);
    for (let sent = 0; sent < 33; sent += 1) harness.push(filler);
    assert.equal(only(harness.takeReplies()).error, EINVAL);
    assert.equal(only(harness.exchange({ type: FLUSH })).error, 0);
    harness.push(encodeRequest({ type: WRITE, length: 40 * MIB + 1 }));
    assert.ok(harness.isBroken);
  });

  for (const waitChance of [0, 1]) {
    it(`keeps the whole pages of a cut write, ${waitChance ? 'waiting' : 'in step'}`, () => {
      const ram = disk({ waitChance });
      const harness = new Harness(ram);
      const whole = harness.encode({ type: WRITE, offset: 0, data: patterned(10 * 4096) });
      harness.push(whole.subarray(0, 28 + 6 * 4096 + 100), [3000]);
      harness.transmission.inputEnded();
      harness.settle();
      assert.ok(harness.isFinished);
      assert.equal(harness.takeReplies().length, 0);
      harness.transmission.dispose();
      assert.deepEqual(ram.bytes.subarray(0, 6 * 4096), patterned(6 * 4096));
      assert.ok(ram.bytes.subarray(6 * 4096).every((byte) => byte === 0));
      assert.equal(harness.shared.budget.reservedBytes, 0);
      assert.equal(harness.shared.pool.pooledBytes > 0, true);
    });
  }

  it('lets go of memory only when the disk has, if the socket closes first', () => {
    const harness = new Harness(slowDisk());
    const part = harness.encode({ type: WRITE, data: patterned(8192) }).subarray(0, 28 + 5000);
    harness.push(
      concat([harness.encode({ type: READ, cookie: 1, offset: 8192, length: 9000 }), part]),
    );
    const inUse = harness.shared.budget.reservedBytes;
    assert.ok(inUse > 0);
    harness.transmission.dispose();
    assert.equal(harness.shared.budget.reservedBytes, inUse);
    assert.equal(harness.shared.pool.pooledBytes < 256 * KIB * 2, true);
    harness.settle();
    assert.equal(harness.shared.budget.reservedBytes, 0);
    assert.equal(harness.transmission.inFlightCount, 0);
    assert.equal(harness.takeReplies().length, 0);
  });

  it('answers ESHUTDOWN once shut down, and ends when idle', () => {
    const harness = new Harness(slowDisk());
    harness.exchange({ type: READ, cookie: 1, length: 4096 });
    harness.transmission.shutDown();
    const replies = harness.exchange(
      { type: READ, cookie: 2, length: 4096 },
      { type: WRITE, cookie: 3, data: patterned(4096) },
    );
    assert.deepEqual(
      replies.map((reply) => [reply.cookie, reply.error]),
      [
        [2, ESHUTDOWN],
        [3, ESHUTDOWN],
      ],
    );
    assert.equal(harness.isFinished, false);
    harness.settle();
    assert.ok(harness.isFinished);
    assert.equal(only(harness.takeReplies()).error, 0);
    const idle = new Harness(disk());
    idle.transmission.shutDown();
    assert.ok(idle.isFinished);
  });

  it('finishes a write that is being received when it is shut down', () => {
    const harness = new Harness(disk());
    const whole = harness.encode({ type: WRITE, cookie: 1, data: patterned(9000) });
    harness.push(whole.subarray(0, 1000));
    harness.transmission.shutDown();
    assert.equal(harness.isFinished, false);
    harness.push(whole.subarray(1000));
    assert.equal(only(harness.takeReplies()).error, 0);
    assert.ok(harness.isFinished);
  });
});

describe('limits', () => {
  it('reads no further request while too many are in flight', () => {
    const harness = new Harness(slowDisk(), { limits: { inFlightMax: 4 } });
    const requests = Array.from({ length: 10 }, (_, cookie) =>
      harness.encode({ type: READ, cookie, offset: cookie * 4096, length: 4096 }),
    );
    harness.push(concat(requests), [37]);
    assert.equal(harness.transmission.inFlightCount, 4);
    assert.equal(harness.inputOpen, false);
    harness.step();
    assert.equal(harness.transmission.inFlightCount, 4);
    harness.settle();
    assert.equal(harness.takeReplies().length, 10);
    assert.ok(harness.inputOpen);
  });

  it('reads no further request from a client that does not read, and loses nothing', () => {
    const limits = { outboundBytesMax: 64 * KIB };
    const harness = new Harness(disk(), { limits });
    harness.holdsOutput = true;
    const requests = Array.from({ length: 200 }, (_, cookie) =>
      harness.encode({ type: READ, cookie, offset: 0, length: 8 * KIB }),
    );
    harness.push(concat(requests), [28]);
    assert.equal(harness.inputOpen, false);
    assert.ok(harness.transmission.queuedBytes <= 64 * KIB + 8 * KIB + 100);
    assert.ok(harness.unreceivedBytes > 0);
    const seen: Reply[] = [];
    while (seen.length < 200) {
      harness.releaseOutput();
      seen.push(...harness.takeReplies());
    }
    assert.deepEqual(
      seen.map((reply) => reply.cookie),
      requests.map((_, cookie) => cookie),
    );
    assert.equal(harness.transmission.queuedBytes, 0);
  });

  it('answers a flood of tiny requests in batches that never overflow', () => {
    const harness = new Harness(disk());
    harness.holdsOutput = true;
    const flood = Array.from({ length: 20_000 }, (_, cookie) =>
      encodeRequest({ type: 99, cookie }),
    );
    harness.push(concat(flood), [100_000]);
    assert.equal(harness.inputOpen, false);
    while (!harness.inputOpen || harness.transmission.queuedBytes > 0) harness.releaseOutput();
    assert.equal(harness.takeReplies().length, 20_000);
  });

  it('has room for the answers of all that is in flight, however full the batch is', () => {
    const limits = { inFlightMax: 8, batchBytes: 12 * 32 };
    const harness = new Harness(slowDisk(), { limits });
    harness.holdsOutput = true;
    for (let cookie = 0; cookie < 7; cookie += 1) {
      harness.push(harness.encode({ type: READ, cookie, offset: cookie * 4096, length: 4096 }));
      harness.disk.badPages.set(cookie, EIO);
    }
    for (let cookie = 7; cookie < 100; cookie += 1) {
      harness.push(encodeRequest({ type: CACHE, cookie }));
    }
    assert.equal(harness.inputOpen, false);
    harness.settle();
    while (!harness.inputOpen || harness.transmission.queuedBytes > 0) harness.releaseOutput();
    assert.equal(harness.takeReplies().length, 100);
  });

  it('answers many small requests with one send', () => {
    const harness = new Harness(disk());
    harness.exchange(...Array.from({ length: 16 }, () => ({ type: WRITE, data: patterned(4096) })));
    assert.equal(harness.sends, 1);
  });

  it('lets one connection own no more than its share', () => {
    const harness = new Harness(new RamDisk('big', 64 * MIB, { waitChance: 1 }));
    for (let cookie = 0; cookie < 3; cookie += 1) {
      harness.push(harness.encode({ type: READ, cookie, offset: 0, length: 32 * MIB }));
    }
    assert.equal(harness.transmission.inFlightCount, 2);
    assert.equal(harness.transmission.reservedBytes, 64 * MIB);
    harness.settle();
    assert.equal(harness.takeReplies().length, 3);
  });

  it('makes connections wait for one another when the server has no memory left', () => {
    const shared = new ManualResources({
      ownedBytesPerServer: 32 * MIB,
      ownedBytesPerConnection: 32 * MIB,
    });
    const ram = new RamDisk('big', 64 * MIB, { waitChance: 1 });
    const [one, two] = [new Harness(ram, { shared }), new Harness(ram, { shared })];
    one.push(one.encode({ type: READ, length: 32 * MIB }));
    two.push(two.encode({ type: READ, cookie: 1, length: MIB }));
    assert.equal(two.inputOpen, false);
    assert.equal(two.transmission.inFlightCount, 0);
    assert.ok(shared.budget.hasWaiters);
    one.settle();
    assert.equal(only(one.takeReplies()).data.length, 32 * MIB);
    assert.equal(shared.budget.hasWaiters, false);
    two.settle();
    assert.equal(only(two.takeReplies()).data.length, MIB);
    one.push(one.encode({ type: READ, length: 32 * MIB }));
    two.push(two.encode({ type: READ, cookie: 2, length: 4096 }));
    assert.equal(two.transmission.inFlightCount, 1, 'a small request is served from the floor');
    one.settle();
    assert.equal(shared.budget.reservedBytes, 0);
  });

  it('says that it keeps memory from others when only the client can move it', () => {
    const harness = new Harness(disk());
    assert.equal(harness.transmission.waitsForClient, false);
    const whole = harness.encode({ type: WRITE, data: patterned(8192) });
    harness.push(whole.subarray(0, 100));
    assert.equal(harness.transmission.waitsForClient, true);
    harness.push(whole.subarray(100));
    assert.equal(harness.transmission.waitsForClient, false);
  });

  it('reuses buffers and records instead of making new ones', () => {
    const ram = slowDisk();
    let records = 0;
    const create = ram.createRequest.bind(ram);
    ram.createRequest = (onDone) => {
      records += 1;
      return create(onDone);
    };
    const harness = new Harness(ram);
    for (let round = 0; round < 50; round += 1) {
      harness.push(harness.encode({ type: WRITE, cookie: 1, data: patterned(4096) }));
      harness.push(harness.encode({ type: READ, cookie: 2, length: 4096 }));
      harness.settle();
    }
    assert.equal(records, 2);
    assert.equal(harness.takeReplies().length, 100);
  });
});

describe('payload', () => {
  it('is taken from the receive buffer while the disk keeps in step', () => {
    const ram = disk();
    const places = new Set<Payload>();
    const feed = ram.feed.bind(ram);
    ram.feed = (request) => {
      if (request.payload !== undefined) places.add(request.payload);
      return feed(request);
    };
    const harness = new Harness(ram);
    const data = patterned(300_000);
    harness.push(harness.encode({ type: WRITE, offset: 777, data }), [1000, 70_001, 3]);
    assert.equal(only(harness.takeReplies()).error, 0);
    assert.equal(places.size, 1);
    assert.deepEqual(ram.bytes.subarray(777, 777 + data.length), data);
    assert.equal(harness.shared.counters.waits, 0);
  });

  it('moves out once when the disk falls behind', () => {
    const ram = slowDisk();
    const harness = new Harness(ram);
    const data = patterned(300_000);
    harness.push(harness.encode({ type: WRITE, offset: 4095, data }), [9000]);
    assert.ok(harness.inputOpen);
    harness.settle();
    assert.equal(only(harness.takeReplies()).error, 0);
    assert.deepEqual(ram.bytes.subarray(4095, 4095 + data.length), data);
  });
});

describe('turns', () => {
  it('lets others go between the requests of a long chunk, and answers all in order', () => {
    const harness = new Harness(disk());
    harness.shared.msPerLook = 1;
    const requests = Array.from({ length: 50 }, (_, cookie) => ({
      type: cookie % 2 === 0 ? STATUS : TRIM,
      cookie,
      offset: 0,
      length: MIB,
    }));
    const first = harness.exchange(...requests);
    assert.ok(first.length < 10, `${first.length} requests in one turn`);
    assert.equal(harness.inputOpen, false);
    harness.settle();
    const cookies = [...first, ...harness.takeReplies()].map((reply) => reply.cookie);
    assert.deepEqual(
      cookies,
      requests.map((request) => request.cookie),
    );
    assert.equal(harness.inputOpen, true);
    assert.equal(harness.shared.counters.stalls, 0);
  });

  it('ends a turn in the middle of a payload and receives the rest in the next', () => {
    const harness = new Harness(disk());
    harness.shared.msPerLook = 1;
    const data = patterned(300 * KIB);
    const replies = harness.exchange({ type: WRITE, cookie: 1, data }, { type: FLUSH, cookie: 2 });
    assert.deepEqual(replies, []);
    harness.settle();
    assert.deepEqual(
      harness.takeReplies().map((reply) => [reply.cookie, reply.error]),
      [
        [1, 0],
        [2, 0],
      ],
    );
    assert.deepEqual(harness.disk.bytes.slice(0, data.length), data);
  });

  it('reads on one connection between the pages of a large write on another', () => {
    const shared = new ManualResources();
    const ram = disk();
    const writer = new Harness(ram, { shared });
    const reader = new Harness(ram, { shared });
    // Two looks at the clock are within a long turn, and not within one that is shared.
    shared.msPerLook = 0.2;
    writer.exchange({ type: WRITE, offset: 8192, data: patterned(16 * KIB) });
    assert.equal(writer.inputOpen, true);
    writer.exchange({ type: WRITE, cookie: 5, data: patterned(128 * KIB) });
    assert.equal(writer.inputOpen, false);
    assert.equal(only(reader.exchange({ type: READ, offset: 0, length: 4096 })).error, 0);
    writer.settle();
    assert.deepEqual(
      writer.takeReplies().map(({ cookie }) => cookie),
      [5],
    );
    assert.deepEqual(ram.bytes.slice(0, 128 * KIB), patterned(128 * KIB));
    reader.transmission.dispose();
    // The only one left takes as long as it likes, within reason.
    shared.msPerLook = 0.05;
    assert.equal(only(writer.exchange({ type: WRITE, data: patterned(128 * KIB) })).error, 0);
  });

  it('ends with its connection, also between two turns', () => {
    for (const end of ['inputEnded', 'shutDown', 'dispose'] as const) {
      const harness = new Harness(disk());
      harness.shared.msPerLook = 1;
      const trim = { type: TRIM, offset: 0, length: MIB };
      harness.exchange(trim, trim, trim, trim);
      harness.transmission[end]();
      harness.settle();
      assert.equal(harness.transmission.inFlightCount, 0);
      assert.equal(harness.isFinished, end !== 'dispose');
      assert.equal(harness.shared.pool.pooledBytes > 0, true);
    }
  });
});
