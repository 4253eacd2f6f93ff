/** Stores and loads of a test, straight into zswap, as an owner of the slot does them. */
import type { Memcg } from '../../src/memcg/memcg.ts';
import type { Task } from '../../src/rt/rt.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import type { SwapSlot } from '../../src/swap/table.ts';
import { decompress, loadPage, type LoadMode } from '../../src/zswap/load.ts';
import { StoreOp, storePage, type StoreResult } from '../../src/zswap/store.ts';
import type { ZswapEntryIndex } from '../../src/zswap/entry.ts';
import { FolioStoreOp } from '../../src/zswap/store-folio.ts';
import type { Zswap } from '../../src/zswap/zswap.ts';
import type { TestMachine } from './machine.ts';

/** A store under way; it goes on with each step of the machine's runtime. */
export class TestStore implements Task {
  readonly op: StoreOp = new StoreOp();
  result: StoreResult = 'waiting';
  readonly #zswap: Zswap;

  constructor(zswap: Zswap, slot: SwapSlot, memcg: Memcg, page: Uint8Array) {
    this.#zswap = zswap;
    this.op.begin(slot, memcg, page);
  }

  resume(): void {
    this.result = storePage(this.#zswap, this.op, this);
  }
}

/** Starts a store and runs it to its end: `stored`, or the reason of rejection. */
export function store(
  machine: TestMachine,
  slot: SwapSlot,
  memcg: Memcg,
  page: Uint8Array,
): string {
  const task = new TestStore(machine.zswap, slot, memcg, page);
  task.resume();
  machine.settle();
  return task.result === 'rejected' ? task.op.reason : task.result;
}

/** The same for a folio. */
export function storeFolio(
  machine: TestMachine,
  first: SwapSlot,
  memcg: Memcg,
  pages: readonly Uint8Array[],
): string {
  const op = new FolioStoreOp();
  let result: StoreResult = 'waiting';
  const task: Task = {
    resume: () => {
      result = op.run(machine.zswap, task);
    },
  };
  op.begin(first, pages.length, memcg, { page: (i) => pages[i] });
  task.resume();
  machine.settle();
  return (result as StoreResult) === 'rejected' ? op.reason : result;
}

/** Loads a page; anything but `loaded` comes back as it is. */
export function load(
  machine: TestMachine,
  slot: SwapSlot,
  mode: LoadMode = 'retain',
): Uint8Array | string {
  const page = new Uint8Array(PAGE_SIZE);
  const result = loadPage(machine.zswap, slot, mode, page, 0);
  return result === 'loaded' ? page : result;
}

/** What a slot's entry holds, without any trace of having been looked at. */
export function peek(machine: TestMachine, slot: SwapSlot): Uint8Array | string {
  const { table } = machine.swap;
  if (table.kind(slot) !== 'entry') return table.kind(slot);
  const page = new Uint8Array(PAGE_SIZE);
  const index = table.payload(slot) as ZswapEntryIndex;
  return decompress(machine.zswap, index, page, 0) ? page : 'corrupt';
}

/** Makes the stored bytes of a slot's entry a stream that no codec understands. */
export function corrupt(machine: TestMachine, slot: SwapSlot): void {
  const { entries, pools } = machine.zswap;
  const index = machine.swap.table.payload(slot);
  const bytes = new Uint8Array(entries.lengthOf(index)).fill(0xff);
  pools.get(entries.pool(index)).zpool.write(index, bytes);
}
