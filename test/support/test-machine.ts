/** Machines for tests: over a swap file in a folder of its own, closed at the end. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { MM_INVARIANTS } from '../../src/mm/invariants.ts';
import type { AsyncRegion, MachineOptions } from '../../src/machine/api.ts';
import { OpenMachine, openMachine } from '../../src/machine/machine.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { INVARIANTS } from '../../src/zswap/invariants.ts';
import { makeFolder } from './storage.ts';

/** Few frames, a small pool, and a device with room for everything. */
const SMALL: MachineOptions = { memory: '1MiB', pool: { limit: '256KiB' } };

export interface TestMachine {
  readonly machine: OpenMachine;
  /** Path of the swap file. */
  readonly path: string;
}

/** @param device - false: no swap device */
export async function openTestMachine(
  t: TestContext,
  options: Partial<MachineOptions> = {},
  device = true,
): Promise<TestMachine> {
  const folder = makeFolder();
  const path = join(folder.path, 'swap');
  const swap = device ? [{ path, size: '64MiB' }] : [];
  const machine = await openMachine({ ...SMALL, swap, ...options });
  assert.ok(machine instanceof OpenMachine);
  t.after(async () => {
    await machine.close();
    folder.remove();
  });
  return { machine, path };
}

/** Asserts what must hold of the engine below a machine. */
export function assertSound(machine: OpenMachine): void {
  for (const invariant of MM_INVARIANTS) {
    assert.equal(invariant(machine.core.mm), undefined, invariant.name);
  }
  for (const [name, invariant] of Object.entries(INVARIANTS)) {
    assert.equal(invariant(machine.core.stack.zswap), undefined, name);
  }
}

/** A page that differs from those of other numbers and does not compress. */
export function noisePage(number: number): Buffer {
  const page = Buffer.alloc(PAGE_SIZE);
  let state = (number + 1) * 0x9e37_79b1;
  for (let i = 0; i < PAGE_SIZE; i += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    page.writeInt32LE(state, i);
  }
  return page;
}

/** A page that differs from those of other numbers and compresses to a quarter. */
export function mixedPage(number: number): Buffer {
  return textPage(number).fill(noisePage(number).subarray(0, PAGE_SIZE / 4), 0, PAGE_SIZE / 4);
}

/** A page that differs from those of other numbers and compresses well. */
export function textPage(number: number): Buffer {
  return Buffer.alloc(PAGE_SIZE, `page number ${number}, `);
}

export async function writePages(
  region: AsyncRegion,
  first: number,
  end: number,
  make: (number: number) => Buffer,
): Promise<void> {
  for (let page = first; page < end; page += 1) await region.write(page * PAGE_SIZE, make(page));
}

export async function assertPages(
  region: AsyncRegion,
  first: number,
  end: number,
  make: (number: number) => Buffer,
): Promise<void> {
  const target = Buffer.alloc(PAGE_SIZE);
  for (let page = first; page < end; page += 1) {
    await region.read(page * PAGE_SIZE, target);
    assert.ok(target.equals(make(page)), `page ${page} of ${region.name}`);
  }
}

/** Resolves when nothing is written back any more: what is keeps its entries until then. */
export async function settled(machine: OpenMachine): Promise<void> {
  const { mm, stack } = machine.core;
  const { shrinker, shrinkWorker } = stack.zswap;
  while (shrinker.running || shrinkWorker.running || mm.reclaim.running > 0)
    await machine.core.stack.rt.yieldNow();
  // A slot that somebody has owned is freed in a turn of its own.
  await machine.core.stack.rt.yieldNow();
}
