// Goal: a recording holds what the disks told, loses openly what it has no room for, and never gets
// in the way.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Recorder, type RecordSinkFile } from '../../../src/trace/record/recorder.ts';
import { ZswapError } from '../../../src/std/error.ts';
import { SwapDisk } from '../../../src/blk/swap-disk.ts';
import type { BlkOp } from '../../../src/blk/request.ts';
import type { DiskEvent } from '../../../src/blk/disk-trace.ts';
import { OP_READ, OP_TRIM, OP_WRITE } from '../../../src/trace/record.ts';
import { randomPage, wordPage, zeroPage, joined } from '../../support/chosen-pages.ts';
import { submit } from '../../support/client.ts';
import { DiskMachine } from '../../support/disk-machine.ts';
import { wordLength } from '../../../src/sim/world/word-codec.ts';
import { readBytes } from '../../support/traces.ts';

const FACTS = { version: '1', start: '2026-01-01T00:00:00Z', parameters: { pool_size: 4096 } };

/** A file in memory, whose writes can be held back or refused. */
class MemoryFile implements RecordSinkFile {
  bytes: Buffer = Buffer.alloc(0);
  closed = false;
  refuse = false;
  hold: Promise<void> = Promise.resolve();

  async write(bytes: Uint8Array): Promise<void> {
    await this.hold;
    if (this.refuse) throw new Error('no space left on device');
    this.bytes = Buffer.concat([this.bytes, bytes]);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

interface Recorded {
  readonly recorder: Recorder;
  readonly file: MemoryFile;
  readonly machine: DiskMachine;
  readonly disk: SwapDisk;
  readonly failures: string[];
  /** Runs a request of the recorded disk to its end. */
  readonly request: (op: BlkOp, page: number, data: Uint8Array) => void;
}

function record(bufferBytes?: number): Recorded {
  const file = new MemoryFile();
  const failures: string[] = [];
  let now = 5;
  const recorder = new Recorder({
    file,
    nowMs: () => (now += 1),
    onFailure: (error) => void failures.push(String(error)),
    ...(bufferBytes === undefined ? {} : { bufferBytes }),
  });
  const machine = new DiskMachine();
  const { rt, zswap, swap, memcgs } = machine;
  const area = swap.swapon('vm1', 64, memcgs.create('vm1'));
  const disk = new SwapDisk({ rt, zswap, area, trace: recorder });
  const request: Recorded['request'] = (op, page, data) => {
    const ended = submit(disk, op, page * 4096, data.length, op === 'write' ? data : undefined);
    machine.settle();
    assert.equal(ended.error, 0);
  };
  return { recorder, file, machine, disk, failures, request };
}

describe('a recording', () => {
  it('has each request with the pages and their compressed sizes', async () => {
    const { recorder, file, request } = record();
    request('write', 9, wordPage(1));
    recorder.begin(FACTS);
    request('write', 2, joined(wordPage(1), zeroPage(), randomPage(1)));
    request('read', 3, zeroPage());
    request('flush', 0, new Uint8Array(0));
    request('zero', 4, zeroPage());
    request('trim', 2, joined(zeroPage(), zeroPage()));
    await recorder.close();
    assert.equal(recorder.events, 4);
    const { format, trace } = await readBytes(file.bytes);
    assert.equal(format.name, 'zswapd');
    const [block] = trace.blocks;
    assert.ok(block !== undefined);
    const column = (values: ArrayLike<number>): number[] =>
      Array.from(values).slice(0, block.count);
    assert.deepEqual(column(block.ops), [
      OP_WRITE,
      OP_WRITE,
      OP_WRITE,
      OP_READ,
      OP_WRITE,
      OP_TRIM,
      OP_TRIM,
    ]);
    assert.deepEqual(column(block.objects), [0, 1, 2, 1, 2, 0, 1]);
    assert.deepEqual(column(block.sizes), [wordLength(1), 0, 4096, -1, 0, -1, -1]);
    assert.deepEqual(trace.tenants, ['-', 'vm1']);
    assert.deepEqual(trace.facts, {
      parameters: FACTS.parameters,
      exports: [{ name: 'vm1', sizeBytes: 64 * 4096, zswapMax: undefined, zswapWriteback: true }],
      lost: 0,
    });
    assert.ok(file.closed);
  });

  it('counts what it has no room for, and says so', async () => {
    let release = (): void => {};
    const slow = record(512);
    slow.file.hold = new Promise((resolve) => {
      release = resolve;
    });
    slow.recorder.begin(FACTS);
    for (let page = 0; page < 60; page += 1) slow.request('write', page, wordPage(page));
    for (let page = 0; page < 60; page += 1) slow.request('read', page, zeroPage());
    assert.ok(slow.recorder.lost > 0 && slow.recorder.events > 0);
    assert.equal(slow.recorder.lost + slow.recorder.events, 120);
    release();
    await slow.recorder.close();
    const { trace } = await readBytes(slow.file.bytes);
    assert.equal(trace.facts?.lost, slow.recorder.lost);
    assert.equal(trace.referenceCount, slow.recorder.events);
  });

  it('ends once the file cannot be written, and disks go on', async () => {
    const { recorder, file, failures, request } = record();
    recorder.begin(FACTS);
    request('write', 1, wordPage(1));
    file.refuse = true;
    recorder.flush();
    await new Promise((resolve) => setImmediate(resolve));
    recorder.flush();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(failures, ['Error: no space left on device']);
    assert.equal(recorder.hasSubscribers, false);
    request('write', 2, wordPage(2));
    await recorder.close();
    assert.equal(failures.length, 1);
    assert.ok(file.closed);
  });

  it('is refused where it breaks, and read as far as it goes', async () => {
    const { recorder, file, request } = record();
    recorder.begin(FACTS);
    for (let page = 0; page < 8; page += 1) request('write', page, wordPage(page));
    await recorder.close();
    const whole = file.bytes;
    const cut = whole.subarray(0, whole.length - 6);
    await assert.rejects(readBytes(cut), (error) => {
      assert.ok(error instanceof ZswapError);
      assert.match(
        error.message,
        /^made-up: byte \d+: expected the rest of a record, found the end/,
      );
      return true;
    });
    const { trace } = await readBytes(cut, { partial: true });
    assert.equal(trace.referenceCount, 8 - 1);
    const strange = Buffer.from(whole);
    strange[8] = 9;
    await assert.rejects(readBytes(strange), /byte 0: expected version 1 of the format, found 9/);
    const after = Buffer.concat([whole, Buffer.from([0x10])]);
    await assert.rejects(readBytes(after), /expected nothing after the end of the recording/);
    const kind = Buffer.from(whole);
    kind[16 + JSON.stringify(FACTS).length] = 0x77;
    await assert.rejects(readBytes(kind), /expected a record, found one of kind 119/);
  });
});

describe('a disk that is listened to', () => {
  it('tells each request once, in one record, when it has ended', () => {
    const seen: string[] = [];
    const records = new Set<DiskEvent>();
    const machine = new DiskMachine();
    const { rt, zswap, swap, memcgs } = machine;
    const trace = {
      hasSubscribers: true,
      publish: (event: DiskEvent) => {
        records.add(event);
        seen.push(`${event.op} ${event.page}+${event.pageCount}`);
      },
    };
    const area = swap.swapon('vm1', 64, memcgs.create('vm1'));
    const disk = new SwapDisk({ rt, zswap, area, trace });
    submit(disk, 'write', 4096, 8192, joined(wordPage(1), wordPage(2)));
    machine.settle();
    // Covered in part: the pages at both ends count.
    submit(disk, 'read', 6000, 4096);
    machine.settle();
    trace.hasSubscribers = false;
    submit(disk, 'trim', 0, 4096);
    machine.settle();
    assert.deepEqual(seen, ['write 1+2', 'read 1+2']);
    assert.equal(records.size, 1);
    assert.deepEqual(
      [1, 2, 3].map((page) => disk.compressedLength(page)),
      [wordLength(1), wordLength(2), -1],
    );
  });
});
