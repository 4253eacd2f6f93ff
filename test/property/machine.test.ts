/**
 * Goal: whatever callers do at the same time, each region holds what was written to it. Method:
 * several actors, each with regions of its own beside a flat model, do random calls of the library
 * over few frames, a small pool and a real swap file, while another switches parameters and takes
 * the device away and back. Aborted writes leave each page old or new.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Group, Pin, Region } from '../../src/machine/api.ts';
import type { OpenMachine } from '../../src/machine/machine.ts';
import { Prng } from '../../src/std/prng.ts';
import { MIB, PAGE_SIZE } from '../../src/std/units.ts';
import {
  assertSound,
  mixedPage,
  noisePage,
  openTestMachine,
  settled,
} from '../support/test-machine.ts';

const PAGES = 96;
const ACTORS = 4;
const STEPS = 250;
/** What a call may end with without anything being wrong. */
const EXPECTED = new Set(['ZSWAP_NO_MEMORY', 'aborted']);

class Actor {
  readonly #machine: OpenMachine;
  readonly #random: Prng;
  readonly #group: Group;
  #region: Region;
  #model: Buffer;
  #pin: Pin | undefined;
  failures = 0;
  /** Calls that were done. */
  done = 0;

  constructor(machine: OpenMachine, seed: number, order: number) {
    this.#machine = machine;
    this.#random = new Prng(seed);
    this.#group = machine.group(`actor ${seed}`, { memoryMax: MIB / 4 });
    this.#region = machine.map({ bytes: PAGES * PAGE_SIZE, order, group: this.#group });
    this.#model = Buffer.alloc(PAGES * PAGE_SIZE);
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step += 1) await this.#step();
    this.#pin?.release();
    await this.#verify();
    await this.#region.unmap();
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const offset = random.below(this.#model.length);
    const length = random.below(Math.min(6 * PAGE_SIZE, this.#model.length - offset)) + 1;
    const dice = random.below(20);
    if (dice < 7) await this.#write(offset, length);
    else if (dice < 13) await this.#read(offset, length);
    else if (dice < 15) await this.#tryPin(Math.floor(offset / PAGE_SIZE));
    else if (dice === 15) await this.#discard(offset, length);
    else if (dice === 16) await this.#region.pageout(offset, length);
    else if (dice === 17) await this.#region.prefetch(offset, length);
    else if (dice === 18) await this.#moveToCopy();
    else await this.#abortWrite(offset, length);
  }

  #bytes(length: number): Buffer {
    const number = this.#random.below(2 ** 30);
    const page = number % 3 === 0 ? noisePage(number) : mixedPage(number);
    return Buffer.alloc(length, page);
  }

  /** Says whether a call was done; what may be in the way is not an error. */
  async #done(call: Promise<unknown>): Promise<boolean> {
    try {
      await call;
      this.done += 1;
      return true;
    } catch (error) {
      const code = (error as { code?: string }).code ?? String(error);
      if (!EXPECTED.has(code)) throw error;
      this.failures += 1;
      return false;
    }
  }

  async #write(offset: number, length: number): Promise<void> {
    const bytes = this.#bytes(length);
    const isDone = await this.#done(this.#region.write(offset, bytes));
    if (isDone) bytes.copy(this.#model, offset);
    else await this.#adopt(offset, bytes);
  }

  async #abortWrite(offset: number, length: number): Promise<void> {
    const bytes = this.#bytes(length);
    const controller = new AbortController();
    const writing = this.#done(this.#region.write(offset, bytes, { signal: controller.signal }));
    controller.abort('aborted');
    if (await writing) bytes.copy(this.#model, offset);
    else await this.#adopt(offset, bytes);
  }

  /** After a write that was not done: each page is as before or as written. */
  async #adopt(offset: number, bytes: Buffer): Promise<void> {
    const target = Buffer.alloc(bytes.length);
    // There may be no frame for a page before there is a device again.
    while (!(await this.#done(this.#region.read(offset, target)))) await turn();
    for (let at = 0; at < bytes.length;) {
      const take = Math.min(PAGE_SIZE - ((offset + at) % PAGE_SIZE), bytes.length - at);
      const now = target.subarray(at, at + take);
      const old = this.#model.subarray(offset + at, offset + at + take);
      assert.ok(now.equals(old) || now.equals(bytes.subarray(at, at + take)), 'a torn page');
      now.copy(old);
      at += take;
    }
  }

  async #read(offset: number, length: number): Promise<void> {
    const target = Buffer.alloc(length);
    const isAtOnce = this.#random.below(2) === 0 && this.#region.readSync(offset, target);
    if (!isAtOnce && !(await this.#done(this.#region.read(offset, target)))) return;
    assert.ok(target.equals(this.#model.subarray(offset, offset + length)), `read at ${offset}`);
  }

  async #tryPin(page: number): Promise<void> {
    this.#pin?.release();
    this.#pin = undefined;
    const pin = await this.#region.pin(page, { write: true }).catch((error: unknown) => {
      if ((error as { code?: string }).code !== 'ZSWAP_NO_MEMORY') throw error;
    });
    if (pin === undefined) return;
    const model = this.#model.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
    assert.ok(model.equals(pin.bytes), `pin of page ${page}`);
    this.#bytes(PAGE_SIZE).copy(model);
    pin.bytes.set(model);
    this.#pin = pin;
  }

  async #discard(offset: number, length: number): Promise<void> {
    this.#pin?.release();
    this.#pin = undefined;
    await this.#region.discard(offset, length);
    const first = Math.ceil(offset / PAGE_SIZE) * PAGE_SIZE;
    const end = Math.floor((offset + length) / PAGE_SIZE) * PAGE_SIZE;
    if (end > first) this.#model.fill(0, first, end);
  }

  /** Goes on with a copy, after the original has been changed. */
  async #moveToCopy(): Promise<void> {
    this.#pin?.release();
    this.#pin = undefined;
    const original = this.#region;
    this.#region = original.copy();
    await this.#done(original.write(0, this.#bytes(8 * PAGE_SIZE)));
    await this.#verify();
    await original.unmap();
  }

  async #verify(): Promise<void> {
    const target = Buffer.alloc(this.#model.length);
    if (await this.#done(this.#region.read(0, target))) {
      assert.ok(target.equals(this.#model), `${this.#group.name}: other bytes`);
    }
    assertSound(this.#machine);
  }
}

async function disturb(
  machine: OpenMachine,
  path: string,
  actors: readonly Actor[],
  isOver: () => boolean,
): Promise<number> {
  const callsDone = (): number => actors.reduce((sum, { done }) => sum + done, 0);
  let removals = 0;
  for (let i = 0; !isOver(); i += 1) {
    await machine.setParameter('compressor', ['lz4', 'lzo-rle', 'zstd:1'][i % 3] ?? 'lz4');
    await machine.setParameter('zpool', ['zsmalloc', 'zbud', 'z3fold'][i % 3] ?? 'zsmalloc');
    await machine.setParameter('pool_size', i % 2 === 0 ? '2M' : '64K');
    try {
      await machine.swapoff();
    } catch (error) {
      // Busy: its pages are reclaimed again as fast as they come in.
      const { code = '' } = error as { code?: string };
      assert.ok(['ZSWAP_NO_MEMORY', 'ZSWAP_BUSY'].includes(code), String(error));
      // While it is being removed the device takes nothing. An actor whose group is full of pages
      // that do not compress needs it to go on, so it must be there for a call between two tries.
      const before = callsDone();
      while (callsDone() === before && !isOver()) await turn();
      continue;
    }
    removals += 1;
    await machine.swapon({ path, size: '64MiB' });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return removals;
}

async function trial(t: TestContext, seed: number): Promise<void> {
  const { machine, path } = await openTestMachine(t, {
    memory: '512KiB',
    pool: { limit: '64KiB' },
  });
  const random = new Prng(seed);
  const actors = Array.from({ length: ACTORS }, () => {
    return new Actor(machine, random.below(2 ** 30), random.below(4));
  });
  let isOver = false;
  const disturbing = disturb(machine, path, actors, () => isOver);
  try {
    await Promise.all(actors.map((actor) => actor.run()));
  } finally {
    isOver = true;
  }
  const removals = await disturbing;
  await settled(machine);
  const { memory, zswap, swap } = machine.stats();
  assert.deepEqual([memory.used, zswap.stored_pages, swap?.used_bytes ?? 0], [0, 0, 0]);
  assertSound(machine);
  const failures = actors.reduce((sum, actor) => sum + actor.failures, 0);
  t.diagnostic(`seed ${seed}: ${removals} removals of the device, ${failures} calls refused`);
}

describe('a machine', () => {
  const first = Number(process.env['ZSWAP_SEED'] ?? Math.floor(Math.random() * 2 ** 30));
  for (const seed of [first, first + 1, first + 2]) {
    it(`holds what was written, seed ${seed}`, async (t) => trial(t, seed));
  }
});
