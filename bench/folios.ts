/**
 * What large folios gain: the same pages are swapped out to the pool and brought back one by one,
 * and as folios. Counts faults and requests to the engine, and takes processor time for each MiB
 * that the program touches.
 */
import assert from 'node:assert/strict';
import { openMachine, type Machine, type MachineOptions, type Region } from '../src/index.ts';
import { Prng } from '../src/std/prng.ts';
import { MIB, PAGE_SIZE } from '../src/std/units.ts';
import { describeMachine } from './environment.ts';
import { interleave, type Report, type Round, type Summaries, type Table } from './harness.ts';
import { allPages } from './pages.ts';

export interface FolioOptions {
  readonly rounds: number;
}

const SEED = 1;
/** Pages that a program touches together in the second pattern, whatever the folios are. */
const EXTENT_PAGES = 16;

/** A machine whose folios come and go in one way. */
interface Way {
  readonly name: string;
  readonly order: number;
  readonly machine: Partial<MachineOptions>;
}

const WAYS: readonly Way[] = [
  { name: 'order 0', order: 0, machine: {} },
  {
    name: 'order 4, in as the kernel does',
    order: 4,
    machine: { largeSwapin: 'never-with-zswap' },
  },
  { name: 'order 2', order: 2, machine: {} },
  { name: 'order 4', order: 4, machine: {} },
  { name: 'order 9', order: 9, machine: {} },
];

/** Orders in which a program may come back to its pages; each is an index of a page. */
function patterns(pages: number): Readonly<Record<string, Uint32Array>> {
  const random = new Prng(SEED);
  const extents = shuffled(Math.floor(pages / EXTENT_PAGES), random);
  return {
    sequential: Uint32Array.from({ length: pages }, (_, page) => page),
    extents: Uint32Array.from(extents).reduce(
      (all, extent, i) => {
        for (let page = 0; page < EXTENT_PAGES; page += 1) {
          all[i * EXTENT_PAGES + page] = extent * EXTENT_PAGES + page;
        }
        return all;
      },
      new Uint32Array(extents.length * EXTENT_PAGES),
    ),
    single: shuffled(pages, random).subarray(0, Math.floor(pages / EXTENT_PAGES)),
  };
}

function shuffled(length: number, random: Prng): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let i = length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}

/** Microseconds of processor time of what it runs, for each MiB. */
async function costOf(bytes: number, work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (bytes / MIB);
}

/** Requests to the engine for pages: each brings in one folio. */
function requestsOf(machine: Machine): number {
  return machine.stats().orders.reduce((sum, order) => sum + order.zswpin + order.swpin, 0);
}

async function touch(region: Region, pages: Uint32Array, target: Uint8Array): Promise<void> {
  for (const page of pages) {
    if (!region.readSync(page * PAGE_SIZE, target)) await region.read(page * PAGE_SIZE, target);
  }
}

function verify(region: Region, bytes: Uint8Array): void {
  const found = new Uint8Array(PAGE_SIZE);
  for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
    assert.ok(region.readSync(at, found), 'a page is neither in a frame nor in the pool');
    assert.ok(Buffer.from(found).equals(bytes.subarray(at, at + PAGE_SIZE)), `page at ${at}`);
  }
}

/** One round of one way: out, then each pattern of coming back, with the pages out before each. */
async function runWay(way: Way, bytes: Uint8Array): Promise<Round> {
  const machine = await openMachine({
    memory: bytes.length * 2,
    pool: { limit: bytes.length * 2 },
    ...way.machine,
  });
  try {
    const region = machine.map({ bytes: bytes.length, order: way.order });
    const pageout = (): Promise<void> => region.pageout(0, bytes.length);
    const target = new Uint8Array(PAGE_SIZE);
    const figures: Record<string, number> = {};
    await region.write(0, bytes);
    await pageout();
    await region.write(0, bytes);
    figures['out'] = await costOf(bytes.length, pageout);
    for (const [name, pages] of Object.entries(patterns(bytes.length / PAGE_SIZE))) {
      const { events } = machine.stats();
      const requests = requestsOf(machine);
      const mib = (pages.length * PAGE_SIZE) / MIB;
      figures[name] = await costOf(mib * MIB, () => touch(region, pages, target));
      figures[`${name} faults`] = (machine.stats().events.pgmajfault - events.pgmajfault) / mib;
      figures[`${name} requests`] = (requestsOf(machine) - requests) / mib;
      verify(region, bytes);
      figures['out again'] = await costOf(bytes.length, pageout);
    }
    await region.unmap();
    return figures;
  } finally {
    await machine.close();
  }
}

/** Large folios beside single pages, on the sample pages. */
export async function runFolios(options: FolioOptions): Promise<Report> {
  const { bytes, note } = allPages();
  const results = await interleave(
    WAYS.map((way) => ({ name: way.name, run: () => runWay(way, bytes) })),
    options.rounds,
  );
  const table = (title: string, pattern: string): Table => patternTable(results, title, pattern);
  return {
    benchmark: 'folios',
    machine: describeMachine(),
    notes: [
      note,
      'microseconds of processor time for each MiB that is touched; lz4; everything in the pool',
      'requests: to the engine, each for one folio; what is in the pool is not read ahead',
    ],
    tables: [
      table('One page after the other', 'sequential'),
      table('Extents of 64 KiB, in random order', 'extents'),
      table('One page of each 64 KiB on average, in random order', 'single'),
      {
        title: 'Out: pages that were written to, and clean ones',
        columns: ['folios', 'written, us a MiB', 'clean, us a MiB'],
        rows: [...results].map(([name, figures]) => [name, figures['out'], figures['out again']]),
      },
    ],
  };
}

function patternTable(
  results: ReadonlyMap<string, Summaries>,
  title: string,
  pattern: string,
): Table {
  const base = results.get(WAYS[0]?.name ?? '')?.[pattern];
  return {
    title,
    columns: ['folios', 'faults a MiB', 'requests a MiB', 'us a MiB', 'of order 0'],
    rows: [...results].map(([name, figures]) => {
      const cost = figures[pattern];
      const share = cost === undefined || base === undefined ? 0 : cost.median / base.median;
      return [
        name,
        figures[`${pattern} faults`]?.median,
        figures[`${pattern} requests`]?.median,
        cost,
        share,
      ];
    }),
  };
}
