/**
 * Goal: a run is given out once, aligned and within a cluster, and is refused only where there is
 * no room by the rules; references and shadows stay with their slot. Method: random operations
 * against a model that keeps one object a slot and searches all of them.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MemcgTree } from '../../../src/memcg/memcg.ts';
import { SwapArea } from '../../../src/swap/info.ts';
import { SwapSlots } from '../../../src/swap/slots.ts';
import type { SwapSlot } from '../../../src/swap/table.ts';

const CLUSTER = 512;
const FIRST = 4 * CLUSTER;
const group = new MemcgTree().create('group');

function open(pageCount: number, firstSlot = FIRST): SwapSlots {
  return new SwapSlots(new SwapArea('area', group, firstSlot, pageCount));
}

function take(slots: SwapSlots, order: number): SwapSlot {
  const slot = slots.allocate(order);
  assert.ok(slot !== -1, `no room for order ${order}`);
  return slot;
}

function releaseAll(slots: SwapSlots, first: number, count: number): void {
  for (let i = 0; i < count; i += 1) slots.release((first + i) as SwapSlot);
}

/** What the area should know, found the slow way. */
class Model {
  readonly slots = new Map<number, { references: number; shadow: number }>();
  readonly #orders = new Map<number, number>();
  readonly #pageCount: number;

  constructor(pageCount: number) {
    this.#pageCount = pageCount;
  }

  /** Says whether a run of that order is free where that order may go. */
  hasRoom(order: number): boolean {
    const size = 1 << order;
    for (let page = 0; page + size <= this.#pageCount; page += size) {
      const cluster = Math.floor(page / CLUSTER);
      const usable = order === 0 || this.#isFree(cluster) || this.#orders.get(cluster) === order;
      if (usable && this.#isRunFree(page, size)) return true;
    }
    return false;
  }

  add(slot: number, order: number): void {
    const page = slot - FIRST;
    const size = 1 << order;
    const cluster = Math.floor(page / CLUSTER);
    assert.equal(page % size, 0, 'a run is naturally aligned');
    assert.ok(page + size <= this.#pageCount, 'a run lies in the area');
    assert.ok(this.#isRunFree(page, size), 'a run was free');
    if (this.#isFree(cluster)) this.#orders.set(cluster, order);
    assert.ok(order === 0 || this.#orders.get(cluster) === order, 'a cluster has one order');
    for (let i = 0; i < size; i += 1) this.slots.set(slot + i, { references: 0, shadow: 0 });
  }

  #isFree(cluster: number): boolean {
    return this.#isRunFree(cluster * CLUSTER, CLUSTER);
  }

  #isRunFree(page: number, size: number): boolean {
    for (let i = 0; i < size; i += 1) if (this.slots.has(FIRST + page + i)) return false;
    return true;
  }
}

type Step =
  | { kind: 'allocate'; order: number; times: number }
  | { kind: 'release'; pick: number; stride: number; times: number }
  | { kind: 'refer'; pick: number; times: number; drop: number }
  | { kind: 'shadow'; pick: number; value: number };

function apply(slots: SwapSlots, model: Model, step: Step): void {
  if (step.kind === 'allocate') {
    for (let i = 0; i < step.times; i += 1) {
      const room = model.hasRoom(step.order);
      const slot = slots.allocate(step.order);
      assert.equal(slot !== -1, room, `order ${step.order}`);
      if (slot === -1) return;
      model.add(slot, step.order);
    }
    return;
  }
  const allocated = [...model.slots.keys()].sort((a, b) => a - b);
  if (allocated.length === 0) return;
  const pick = step.pick % allocated.length;
  if (step.kind === 'release') {
    const end = pick + step.stride * step.times;
    for (let at = pick; at < Math.min(end, allocated.length); at += step.stride) {
      const slot = allocated[at] as SwapSlot;
      while (slots.count(slot) > 0) slots.put(slot);
      slots.release(slot);
      model.slots.delete(slot);
    }
    return;
  }
  const slot = allocated[pick] as SwapSlot;
  const expected = model.slots.get(slot);
  assert.ok(expected !== undefined);
  if (step.kind === 'shadow') {
    slots.setShadow(slot, step.value);
    expected.shadow = step.value;
    return;
  }
  for (let i = 0; i < step.times; i += 1) slots.dup(slot);
  expected.references += step.times;
  for (let i = 0; i < step.drop && expected.references > 0; i += 1) {
    expected.references -= 1;
    assert.equal(slots.put(slot), expected.references);
  }
}

function compare(slots: SwapSlots, model: Model, pageCount: number): void {
  assert.equal(slots.usedSlots, model.slots.size);
  assert.equal(slots.freeSlots, pageCount - model.slots.size);
  let next = slots.nextAllocated(0);
  for (let slot = FIRST; slot < FIRST + pageCount; slot += 1) {
    const expected = model.slots.get(slot);
    assert.equal(slots.isAllocated(slot as SwapSlot), expected !== undefined);
    assert.equal(slots.count(slot as SwapSlot), expected?.references ?? 0);
    assert.equal(slots.shadow(slot as SwapSlot), expected?.shadow ?? 0);
    if (expected !== undefined) {
      assert.equal(next, slot);
      next = slots.nextAllocated(slot + 1);
    }
  }
  assert.equal(next, -1);
}

describe('SwapSlots', () => {
  const pick = fc.nat(5000);
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      kind: fc.constant('allocate'),
      order: fc.constantFrom(0, 0, 0, 1, 2, 4, 4, 7, 8, 9),
      times: fc.constantFrom(1, 2, 5, 40, 700),
    }),
    fc.record({
      kind: fc.constant('release'),
      pick,
      stride: fc.constantFrom(1, 1, 2, 3, 16, 17),
      times: fc.constantFrom(1, 4, 16, 32, 300, 2000),
    }),
    fc.record({
      kind: fc.constant('refer'),
      pick,
      times: fc.constantFrom(0, 1, 2, 260),
      drop: fc.constantFrom(0, 1, 2, 257),
    }),
    fc.record({ kind: fc.constant('shadow'), pick, value: fc.constantFrom(0, 1, 65535) }),
  );

  it('gives out what is free by the rules, and keeps what is said of each slot', () => {
    const lengths = fc.constantFrom(1, 100, 512, 3 * 512 + 37, 5 * 512);
    fc.assert(
      fc.property(lengths, fc.array(step, { maxLength: 25, size: 'max' }), (pageCount, steps) => {
        const slots = open(pageCount);
        const model = new Model(pageCount);
        for (const each of steps) apply(slots, model, each);
        compare(slots, model, pageCount);
      }),
      { numRuns: 60 },
    );
  });

  it('continues after the last run of the same order', () => {
    const slots = open(4 * CLUSTER);
    assert.equal(take(slots, 0), FIRST);
    assert.equal(take(slots, 4), FIRST + CLUSTER);
    assert.equal(take(slots, 0), FIRST + 1);
    slots.release(FIRST as SwapSlot);
    assert.equal(take(slots, 0), FIRST + 2, 'a freed slot is not the next');
    assert.equal(take(slots, 4), FIRST + CLUSTER + 16);
  });

  it('uses up the clusters of an order before it takes another', () => {
    const slots = open(4 * CLUSTER);
    for (let i = 0; i < CLUSTER; i += 1) take(slots, 0);
    releaseAll(slots, FIRST + 7, 1);
    assert.equal(take(slots, 0), FIRST + 7);
    assert.equal(take(slots, 0), FIRST + CLUSTER);
  });

  it('lets order 0 take from the clusters of other orders when nothing else is left', () => {
    const slots = open(2 * CLUSTER);
    for (let i = 0; i < 31; i += 1) take(slots, 4);
    for (let i = 0; i < CLUSTER; i += 1) assert.ok(take(slots, 0) >= FIRST + CLUSTER);
    assert.equal(slots.freeSlots, 16);
    assert.equal(slots.allocate(3), -1, 'a large order does not take from another');
    for (let i = 0; i < 16; i += 1) assert.equal(take(slots, 0), FIRST + 31 * 16 + i);
    assert.equal(slots.allocate(0), -1);
  });

  it('refuses a large order while no aligned run is free, and serves it when one is', () => {
    const slots = open(CLUSTER);
    for (let i = 0; i < 32; i += 1) take(slots, 4);
    // Sixteen consecutive slots, but across two groups.
    releaseAll(slots, FIRST + 8, 16);
    assert.equal(slots.allocate(4), -1);
    releaseAll(slots, FIRST + 24, 8);
    assert.equal(slots.allocate(4), FIRST + 16);
    assert.equal(slots.freeSlots, 8);
    assert.equal(slots.allocate(4), -1);
  });

  it('gives a cluster a new order when all its slots were free', () => {
    const slots = open(CLUSTER);
    assert.equal(take(slots, 0), FIRST);
    assert.equal(slots.allocate(9), -1);
    slots.release(FIRST as SwapSlot);
    assert.equal(take(slots, 9), FIRST);
    assert.equal(slots.allocate(0), -1);
    releaseAll(slots, FIRST, CLUSTER);
    assert.equal(slots.nextAllocated(0), -1);
    assert.equal(take(slots, 2), FIRST);
  });

  it('serves whole clusters beside a last one that is cut short', () => {
    const slots = open(2 * CLUSTER + 5);
    assert.equal(take(slots, 9), FIRST);
    assert.equal(take(slots, 9), FIRST + CLUSTER);
    assert.equal(slots.allocate(9), -1);
    assert.equal(slots.allocate(3), -1);
    assert.equal(take(slots, 2), FIRST + 2 * CLUSTER);
    releaseAll(slots, FIRST + 2 * CLUSTER, 4);
    releaseAll(slots, FIRST, CLUSTER);
    // The short cluster has been free for longer, and is of no use.
    assert.equal(take(slots, 9), FIRST);
    assert.equal(take(slots, 0), FIRST + 2 * CLUSTER);
  });

  it('counts more references than fit in a byte', () => {
    const slots = open(CLUSTER);
    const slot = take(slots, 0);
    for (let count = 1; count <= 600; count += 1) {
      slots.dup(slot);
      assert.equal(slots.count(slot), count);
    }
    for (let count = 599; count >= 0; count -= 1) {
      assert.equal(slots.put(slot), count);
      assert.equal(slots.count(slot), count);
    }
    const bytes = slots.metadataBytes;
    slots.release(slot);
    assert.equal(slots.isAllocated(slot), false);
    assert.equal(slots.metadataBytes, bytes, 'nothing is left of the large count');
  });

  it('has no references or shadow for a slot that is not allocated', () => {
    const slots = open(CLUSTER + 3);
    const slot = FIRST as SwapSlot;
    const other = take(slots, 0);
    const broken = { name: 'InvariantError' };
    slots.setShadow(other, 0xabcd);
    slots.dup(other);
    assert.throws(() => slots.release(other), broken);
    assert.equal(slots.put(other), 0);
    assert.throws(() => slots.put(other), broken);
    slots.release(other);
    assert.equal(other, slot);
    assert.equal(slots.shadow(slot), 0);
    for (const act of [
      (): void => slots.dup(slot),
      (): number => slots.put(slot),
      (): void => slots.release(slot),
      (): void => slots.setShadow(slot, 1),
      (): number => slots.count((FIRST - 1) as SwapSlot),
      (): number => slots.count((FIRST + CLUSTER + 3) as SwapSlot),
      (): number => slots.allocate(10),
    ]) {
      assert.throws(act, broken);
    }
  });

  it('takes memory as clusters are used, at most 4 bytes a slot, and gives it back', () => {
    const pageCount = 2 ** 29;
    const slots = open(pageCount, 0);
    assert.ok(slots.metadataBytes < 1024);
    const clusters = 1000;
    for (let i = 0; i < clusters; i += 1) take(slots, 9);
    const full = slots.metadataBytes;
    assert.ok(full <= clusters * CLUSTER * 4, `${full} bytes`);
    releaseAll(slots, 0, clusters * CLUSTER);
    assert.ok(slots.metadataBytes < full / 8, `${slots.metadataBytes} bytes`);
    assert.equal(take(slots, 0), 0);
  });

  it('names full clusters in turn', () => {
    const slots = open(3 * CLUSTER);
    assert.equal(slots.nextFullCluster(), -1);
    take(slots, 9);
    for (let i = 0; i < CLUSTER; i += 1) take(slots, 0);
    take(slots, 0);
    assert.equal(slots.nextFullCluster(), FIRST);
    assert.equal(slots.nextFullCluster(), FIRST + CLUSTER);
    assert.equal(slots.nextFullCluster(), FIRST);
    slots.release((FIRST + 3) as SwapSlot);
    assert.equal(slots.nextFullCluster(), FIRST + CLUSTER);
    assert.equal(slots.nextFullCluster(), FIRST + CLUSTER);
  });
});
