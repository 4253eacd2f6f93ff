/** Method: real worker threads over real ports; what they do is in `machine-worker-main.ts`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it, type TestContext } from 'node:test';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { OpenMachine } from '../../../../src/machine/machine.ts';
import type { ServeOptions } from '../../../../src/machine/port/api.ts';
import { connectMachine } from '../../../../src/machine/port/client.ts';
import {
  BYTES_MAX,
  PIECE_BYTES,
  REQUESTS_MAX,
  type PortReply,
  type PortRequest,
} from '../../../../src/machine/port/protocol.ts';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import type { WorkerJob } from '../../../support/machine-worker-main.ts';
import {
  assertPages,
  assertSound,
  noisePage,
  openTestMachine,
  textPage,
  writePages,
} from '../../../support/test-machine.ts';

interface TestWorker {
  readonly worker: Worker;
  readonly ask: (job: WorkerJob) => Promise<string>;
}

function startWorker(t: TestContext, machine: OpenMachine, options?: ServeOptions): TestWorker {
  const { port1, port2 } = new MessageChannel();
  machine.serve(port1, options);
  const url = new URL('../../../support/machine-worker-main.js', import.meta.url);
  const worker = new Worker(url, { workerData: { port: port2 }, transferList: [port2] });
  t.after(() => worker.terminate());
  const ask = async (job: WorkerJob): Promise<string> => {
    worker.postMessage(job);
    const [answer] = (await once(worker, 'message')) as [string];
    return answer;
  };
  return { worker, ask };
}

/** Waits until the machine holds nothing; a test that waits for ever is ended by the runner. */
async function untilEmpty(machine: OpenMachine): Promise<void> {
  for (;;) {
    const { memory, swap, zswap } = machine.stats();
    const held = memory.used + memory.pinned + (swap?.used_bytes ?? 0) + zswap.stored_pages;
    if (held === 0) return;
    await turn();
  }
}

describe('a machine on other threads', () => {
  it('does for several workers at once what it does for its own', async (t) => {
    const { machine } = await openTestMachine(t);
    const group = machine.group('workers', { memoryMax: '512KiB' });
    const workers = [0, 4].map((order) => {
      const { ask } = startWorker(t, machine, order === 0 ? {} : { group });
      return ask({ do: 'work', pages: 512, order });
    });
    assert.deepEqual(await Promise.all(workers), [
      'true ZSWAP_CLOSED ZSWAP_CLOSED',
      'true ZSWAP_CLOSED ZSWAP_CLOSED',
    ]);
    assert.ok((group.stats().zswpout ?? 0) > 0);
    await untilEmpty(machine);
    assertSound(machine);
  });

  it('shares regions by name, which stay its own', async (t) => {
    const { machine } = await openTestMachine(t);
    const region = machine.map({ bytes: 256 * PAGE_SIZE, name: 'shared' });
    await writePages(region, 0, 256, noisePage);
    const { ask, worker } = startWorker(t, machine, { regions: [region] });
    assert.equal(await ask({ do: 'open', name: 'shared', pages: 256 }), 'TypeError RangeError');
    await worker.terminate();
    await assertPages(region, 0, 1, textPage);
    await assertPages(region, 1, 256, noisePage);
    assert.throws(
      () => machine.serve(new MessageChannel().port1, { regions: [{} as never] }),
      TypeError,
    );
  });

  it('tells errors by their codes', async (t) => {
    const { machine } = await openTestMachine(t);
    const { ask } = startWorker(t, machine);
    assert.equal(
      await ask({ do: 'errors' }),
      'RangeError TypeError RangeError RangeError ZSWAP_BUSY ZSWAP_BUSY',
    );
  });

  it('abandons what a client has aborted', async (t) => {
    const { machine } = await openTestMachine(t);
    const { ask } = startWorker(t, machine);
    assert.equal(await ask({ do: 'abort' }), 'RangeError RangeError TypeError');
    assertSound(machine);
  });

  for (const end of ['exit', 'terminate'] as const) {
    it(`keeps nothing of a worker that ends by ${end} with work under way`, async (t) => {
      const { machine } = await openTestMachine(t);
      const { ask, worker } = startWorker(t, machine);
      assert.equal(await ask({ do: 'hold', pages: 1024 }), '8 pins');
      assert.equal(machine.stats().memory.pinned, 8 * PAGE_SIZE);
      const exited = once(worker, 'exit');
      if (end === 'exit') worker.postMessage({ do: 'exit' });
      else await worker.terminate();
      await exited;
      await untilEmpty(machine);
      assertSound(machine);
    });
  }

  it('ends its clients when it is closed', async (t) => {
    const { machine } = await openTestMachine(t);
    const { port1, port2 } = new MessageChannel();
    machine.serve(port1);
    const client = connectMachine(port2);
    const region = await client.map({ bytes: PAGE_SIZE });
    await region.write(0, textPage(0));
    const closed = once(port2, 'close');
    await machine.close();
    await closed;
    await assert.rejects(region.read(0, Buffer.alloc(1)), { code: 'ZSWAP_CLOSED' });
    await assert.rejects(client.map({ bytes: 1 }), { code: 'ZSWAP_CLOSED' });
    await client.close();
  });
});

describe('the protocol', () => {
  /** What arrives at a port, and its most under way at a time. */
  function watch(port: MessagePort): {
    batches: readonly PortRequest[][];
    readonly release: () => void;
  } {
    const batches: PortRequest[][] = [];
    port.on('message', (batch: PortRequest[]) => batches.push(batch));
    const release = (): void => {
      const requests = batches.splice(0).flat();
      const replies: PortReply[] = requests.map(({ id }) => ({ id, value: undefined }));
      port.postMessage(replies);
    };
    return { batches, release };
  }

  it('has a client send what came in one turn in one message, and only so much', async (t) => {
    const { port1, port2 } = new MessageChannel();
    t.after(() => port1.close());
    const client = connectMachine(port2);
    const { batches, release } = watch(port1);
    const asked = Array.from({ length: 3 * REQUESTS_MAX }, () => client.stats());
    for (let round = 0; round < 3; round += 1) {
      while (batches.length === 0) await turn();
      // A client that went on would have by now.
      for (let i = 0; i < 10; i += 1) await turn();
      assert.deepEqual(
        batches.map((batch) => batch.length),
        [REQUESTS_MAX],
      );
      release();
    }
    await Promise.all(asked);
  });

  it('cuts transfers into pieces and bounds the bytes under way', async (t) => {
    const { machine } = await openTestMachine(t);
    const { port1, port2 } = new MessageChannel();
    const { port1: inner, port2: outer } = new MessageChannel();
    machine.serve(inner);
    t.after(() => port1.close());
    // Between both ends, so that what is under way can be seen.
    let bytes = 0;
    let most = 0;
    const pieces = new Map<number, number>();
    port1.on('message', (batch: PortRequest[]) => {
      for (const request of batch) {
        if (request.op !== 'write') continue;
        assert.ok(request.bytes.length <= PIECE_BYTES);
        pieces.set(request.id, request.bytes.length);
        bytes += request.bytes.length;
      }
      most = Math.max(most, bytes);
      outer.postMessage(batch);
    });
    outer.on('message', (batch: PortReply[]) => {
      for (const { id } of batch) bytes -= pieces.get(id) ?? 0;
      port1.postMessage(batch);
    });
    const client = connectMachine(port2);
    const region = await client.map({ bytes: '16MiB' });
    const source = Buffer.alloc(16 * 1024 * 1024 - 5, 'long ');
    await region.write(5, source);
    const target = Buffer.alloc(source.length);
    await region.read(5, target);
    assert.ok(target.equals(source));
    assert.equal(pieces.size, (16 * 1024 * 1024) / PIECE_BYTES);
    assert.ok(most <= BYTES_MAX && most > BYTES_MAX / 2, `${most} bytes under way`);
    await client.close();
    outer.close();
  });

  it('ends a client that does not keep to the limits', async (t) => {
    const { machine } = await openTestMachine(t);
    for (const batch of [
      Array.from({ length: REQUESTS_MAX + 1 }, (_, i) => ({ id: i + 1, op: 'stats' })),
      [{ id: 1, op: 'read', region: 1, offset: 0, length: PIECE_BYTES + 1 }],
    ]) {
      const { port1, port2 } = new MessageChannel();
      machine.serve(port1);
      port2.on('message', () => {});
      port2.postMessage(batch);
      await once(port2, 'close');
    }
  });
});
