/**
 * The cache beside `lru-cache`, `Map` and `lmdb`: real JSON held for each MiB of resident memory,
 * time of a hit, what happens at the limit, and the same data in a small heap. Each cache runs in a
 * process of its own.
 */
import { spawnSync } from 'node:child_process';
import { projectFile } from '../test/support/project.ts';
import { MIB } from '../src/std/units.ts';
import type { ChildResult, Tier } from './cache-child.ts';
import { RIVALS } from './cache-rivals.ts';
import { describeMachine, loudly } from './environment.ts';
import { interleave, type Report, type Round, type Summaries } from './harness.ts';

export interface CacheOptions {
  readonly rounds: number;
  readonly rivals: boolean;
}

const ENTRIES = 200_000;
const MAX_BYTES: number = 64 * MIB;
const DISK_BYTES: number = 1024 * MIB;
/** The heap in which all of them have to live in the last table, in MiB. */
const HEAP_MIB = 64;

interface Ended {
  readonly result: ChildResult | undefined;
  readonly missing: string | undefined;
  /** How the process ended if not well. */
  readonly end: string;
}

function runChild(name: string, diskBytes: number, flags: readonly string[]): Ended {
  const args = [...flags, projectFile('dist/bench/cache-child.js'), name, String(ENTRIES)];
  const child = spawnSync(process.execPath, [...args, String(MAX_BYTES), String(diskBytes)], {
    encoding: 'utf8',
    maxBuffer: 64 * MIB,
  });
  if (child.status !== 0) {
    const isHeap = child.stderr.includes('heap out of memory');
    const end = isHeap ? 'heap out of memory' : `${child.signal ?? `status ${child.status}`}`;
    return { result: undefined, missing: undefined, end };
  }
  const said = JSON.parse(child.stdout) as ChildResult;
  if (said.missing !== undefined) return { result: undefined, missing: said.missing, end: '' };
  return { result: said, missing: undefined, end: '' };
}

function figuresOf(result: ChildResult): Round {
  const [recent50 = Number.NaN, recent99 = Number.NaN] = result.recentUs;
  const [any50 = Number.NaN, any99 = Number.NaN, anyMax = Number.NaN] = result.anyUs;
  return {
    held: result.held,
    residentMib: result.residentBytes / MIB,
    perMib: result.held / (result.residentBytes / MIB),
    setUs: result.setUs,
    recent50,
    recent99,
    any50,
    any99,
    anyMax,
    ...tierFigures(result),
    wrong: result.wrong,
  };
}

const TIERS: readonly Tier[] = ['frames', 'pool', 'disk'];

function tierFigures(result: ChildResult): Round {
  return Object.fromEntries(
    TIERS.flatMap((tier) => {
      const [p50 = Number.NaN, p99 = Number.NaN] = result.tierUs[tier];
      return [
        [`${tier}50`, p50],
        [`${tier}99`, p99],
      ];
    }),
  );
}

/** The caches that are there, with and without a disk. */
function contestants(options: CacheOptions, notes: string[]): [string, string, number][] {
  const names = Object.keys(RIVALS).filter((name) => options.rivals || name === 'zswapd');
  const there = names.filter((name) => {
    const { missing } = runChild(name, 0, []);
    if (missing !== undefined) notes.push(loudly(`${name}: ${missing}`));
    return missing === undefined;
  });
  return there.flatMap((name): [string, string, number][] =>
    name === 'zswapd'
      ? [
          ['zswapd, RAM', name, 0],
          ['zswapd, RAM and disk', name, DISK_BYTES],
        ]
      : [[name, name, 0]],
  );
}

export async function runCache(options: CacheOptions): Promise<Report> {
  const notes = [
    `${ENTRIES} JSON records: manifests and lock entries of the installed packages, over again`,
    `limit ${MAX_BYTES / MIB} MiB where one can be set; each cache in a process of its own`,
    'lmdb compresses, and its mapped file counts as resident; Map has no limit',
  ];
  const all = contestants(options, notes);
  const results = await interleave(
    all.map(([title, name, diskBytes]) => ({
      name: title,
      run: () => {
        const { result, end } = runChild(name, diskBytes, []);
        if (result === undefined) throw new Error(`${title}: ${end}`);
        return figuresOf(result);
      },
    })),
    options.rounds,
  );
  return {
    benchmark: 'cache',
    machine: describeMachine(),
    notes,
    tables: [memoryTable(results), latencyTable(results), tierTable(results), heapTable(all)],
  };
}

function memoryTable(results: ReadonlyMap<string, Summaries>): Report['tables'][number] {
  return {
    title: 'What is held',
    columns: ['cache', 'entries held', 'resident, MiB', 'entries a MiB', 'wrong values'],
    rows: [...results].map(([name, figures]) => [
      name,
      figures['held'],
      figures['residentMib'],
      figures['perMib'],
      figures['wrong'],
    ]),
  };
}

function latencyTable(results: ReadonlyMap<string, Summaries>): Report['tables'][number] {
  return {
    title: 'Microseconds: a set, a hit among the last hundred, a hit anywhere',
    columns: ['cache', 'set', 'recent p50', 'recent p99', 'any p50', 'any p99', 'any max'],
    rows: [...results].map(([name, figures]) => [
      name,
      ...['setUs', 'recent50', 'recent99', 'any50', 'any99', 'anyMax'].map((key) => figures[key]),
    ]),
  };
}

/** Hits by where the value was. */
function tierTable(results: ReadonlyMap<string, Summaries>): Report['tables'][number] {
  const own = [...results].filter(([name]) => name.startsWith('zswapd'));
  return {
    title: 'Microseconds of a hit anywhere, by where its value was',
    columns: ['cache', ...TIERS.flatMap((tier) => [`${tier} p50`, `${tier} p99`])],
    rows: own.map(([name, figures]) => [
      name,
      ...TIERS.flatMap((tier) => [figures[`${tier}50`], figures[`${tier}99`]]),
    ]),
  };
}

/** Who lives in a heap that is smaller than the data. */
function heapTable(all: readonly [string, string, number][]): Report['tables'][number] {
  const rows = all.map(([title, name, diskBytes]) => {
    const { result, end } = runChild(name, diskBytes, [`--max-old-space-size=${HEAP_MIB}`]);
    return [title, result?.held, result === undefined ? end : 'lives'];
  });
  return {
    title: `The same with a heap of ${HEAP_MIB} MiB`,
    columns: ['cache', 'entries held', 'ends'],
    rows,
  };
}
