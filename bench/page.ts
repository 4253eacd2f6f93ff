/**
 * What storing and loading one page costs inside the process: compressor, allocator, tables and
 * all, through the disk front end. In the same rounds: the compressors' native libraries in a
 * plain loop with none of the rest, and the kernel's zram.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFile } from '../test/support/project.ts';
import { PAGE_SIZE } from '../src/std/units.ts';
import { countGarbage, type Garbage } from './collections.ts';
import {
  compile,
  describeMachine,
  findLibraries,
  hasCompiler,
  LineProgram,
  loudly,
} from './environment.ts';
import { interleave, ratio, type Contestant, type Report, type Summaries } from './harness.ts';
import { PageEngine } from './page-engine.ts';
import { compressorPages } from './pages.ts';

const COMPRESSORS = ['lz4', 'lzo', 'lzo-rle', 'zstd:-1', 'zstd:1', 'zstd:3', 'deflate', 'null'];
const ZRAM_ALGORITHMS = ['lz4', 'lzo-rle'];
/** Pages of a large request: 128 KiB, what a swapping kernel makes of a cluster. */
const LARGE_REQUEST_PAGES = 32;
/** Passes over all pages before the first round. */
const WARM_PASSES = 10;
/** Passes over all pages that garbage is counted over. */
const GARBAGE_PASSES = 10;

const LIBRARIES = [
  { header: 'lz4.h', flag: '-llz4', define: '-DHAVE_LZ4', name: 'lz4' },
  { header: 'lzo/lzo1x.h', flag: '-llzo2', define: '-DHAVE_LZO', name: 'lzo' },
  { header: 'zstd.h', flag: '-lzstd', define: '-DHAVE_ZSTD', name: 'zstd' },
  { header: 'zlib.h', flag: '-lz', define: '-DHAVE_ZLIB', name: 'deflate' },
];

export interface PageOptions {
  readonly rounds: number;
  /** Those whose name is in it; all where undefined. */
  readonly compressors?: readonly string[];
  /** Also run the native libraries and the kernel. */
  readonly rivals: boolean;
}

interface Rivals {
  readonly contestants: readonly Contestant[];
  readonly stored: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

export async function runPage(options: PageOptions): Promise<Report> {
  const { bytes, note } = compressorPages();
  const notes = [
    note,
    `${options.rounds} rounds; a figure is the median (least..most)`,
    'times are processor time, user and system, which other work on the machine disturbs least',
    'every page read back and compared after each round, outside of the time',
  ];
  const names = options.compressors ?? COMPRESSORS;
  const engines = new Map<string, PageEngine>();
  for (const name of names) engines.set(name, await warmEngine(name, bytes));
  const folder = mkdtempSync(join(tmpdir(), 'zswapd-bench-'));
  const rivals = options.rivals ? await openRivals(folder, bytes, names, notes) : NO_RIVALS;
  try {
    const ours = [...engines].map(([name, engine]) => engineContestant(name, engine));
    const results = await interleave([...ours, ...rivals.contestants], options.rounds);
    const garbage = new Map<string, Garbage>();
    for (const [name, engine] of engines) garbage.set(name, await garbageOf(engine));
    return {
      benchmark: 'page',
      machine: describeMachine(),
      notes,
      tables: [
        timeTable(engines, results),
        memoryTable(engines, garbage, rivals.stored),
        ...(rivals.contestants.length > 0 ? [rivalTable(rivals, results)] : []),
      ],
    };
  } finally {
    await rivals.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * An engine whose code has been compiled as far as it will be: what a daemon is after its first
 * second. The first pages have a section of their own in `docs/benchmarks.md`.
 */
async function warmEngine(name: string, bytes: Uint8Array): Promise<PageEngine> {
  const engine = await PageEngine.open(name, bytes);
  for (let pass = 0; pass < WARM_PASSES; pass += 1) {
    for (const requestPages of [1, LARGE_REQUEST_PAGES]) {
      await engine.pass('write', requestPages);
      await engine.pass('read', requestPages);
      await engine.pass('trim', engine.pageCount);
    }
  }
  return engine;
}

/** Processor time of this process so far, its collector and compiler threads included. */
function processorMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function engineContestant(name: string, engine: PageEngine): Contestant {
  const timed = async (op: 'read' | 'write', requestPages: number): Promise<number> => {
    const before = processorMicroseconds();
    await engine.pass(op, requestPages);
    return (processorMicroseconds() - before) / engine.pageCount;
  };
  return {
    name,
    run: async () => {
      await engine.pass('trim', engine.pageCount);
      const storeLarge = await timed('write', LARGE_REQUEST_PAGES);
      const loadLarge = await timed('read', LARGE_REQUEST_PAGES);
      engine.verify();
      await engine.pass('trim', engine.pageCount);
      const store = await timed('write', 1);
      const load = await timed('read', 1);
      engine.verify();
      const overwrite = await timed('write', 1);
      await engine.pass('read', 1);
      engine.verify();
      return { store, load, overwrite, storeLarge, loadLarge };
    },
  };
}

/** Garbage of overwriting and loading page by page, once everything is warm. */
async function garbageOf(engine: PageEngine): Promise<Garbage> {
  const work = async (): Promise<void> => {
    for (let pass = 0; pass < GARBAGE_PASSES; pass += 1) {
      await engine.pass('write', 1);
      await engine.pass('read', 1);
    }
  };
  await work();
  return countGarbage(work);
}

const NO_RIVALS: Rivals = { contestants: [], stored: new Map(), close: () => Promise.resolve() };

async function openRivals(
  folder: string,
  bytes: Uint8Array,
  names: readonly string[],
  notes: string[],
): Promise<Rivals> {
  if (!hasCompiler()) {
    notes.push(loudly('native libraries and the kernel: no C compiler (cc)'));
    return NO_RIVALS;
  }
  const found = findLibraries(LIBRARIES);
  for (const { name, header } of LIBRARIES.filter((library) => !found.includes(library))) {
    notes.push(loudly(`native ${name}: no ${header}`));
  }
  const file = join(folder, 'pages');
  writeFileSync(file, bytes);
  const binary = join(folder, 'page');
  const flags = found.flatMap(({ define, flag }) => [define, flag]);
  compile(projectFile('bench/native/page.c'), binary, flags);
  const program = new LineProgram([binary, file]);
  const native = names.filter((name) => found.some((library) => library.name === baseOf(name)));
  const devices = await openZram(bytes.length, notes);
  const stored = new Map<string, number>();
  const contestant = (name: string, line: string): Contestant => ({
    name,
    run: async () => {
      const [, out, back, storedBytes] = (await program.ask(line)).split(' ').map(Number);
      const pages = bytes.length / PAGE_SIZE;
      stored.set(name, storedBytes ?? 0);
      return { store: (out ?? 0) / 1000 / pages, load: (back ?? 0) / 1000 / pages };
    },
  });
  return {
    contestants: [
      ...native.map((name) => contestant(`native ${name}`, name)),
      ...devices.flatMap(({ name, path }) => [
        contestant(`zram ${name}, 4 KiB`, `device:4096:${path}`),
        contestant(`zram ${name}, 128 KiB`, `device:131072:${path}`),
      ]),
    ],
    stored,
    close: async () => {
      await program.end();
      for (const { name, script } of devices) {
        const [line = ''] = await script.end();
        stored.set(`zram ${name}, 4 KiB`, Number(line.trim().split(' ')[1]));
      }
    },
  };
}

function baseOf(compressor: string): string {
  return compressor.split(':')[0] ?? compressor;
}

interface ZramDevice {
  readonly name: string;
  readonly path: string;
  readonly script: LineProgram;
}

async function openZram(bytes: number, notes: string[]): Promise<ZramDevice[]> {
  const devices: ZramDevice[] = [];
  for (const name of ZRAM_ALGORITHMS) {
    const script = new LineProgram([projectFile('bench/kernel-zram.sh'), name, String(bytes)]);
    try {
      devices.push({ name, path: await script.answer(), script });
    } catch (error) {
      notes.push(loudly(`the kernel's zram with ${name}: ${(error as Error).message}`));
    }
  }
  return devices;
}

function timeTable(
  engines: ReadonlyMap<string, PageEngine>,
  results: ReadonlyMap<string, Summaries>,
): Report['tables'][number] {
  return {
    title: 'Store and load through the disk front end, microseconds of processor time a page',
    columns: [
      'compressor',
      'store',
      'overwrite',
      'load',
      'store, 32 a request',
      'load, 32 a request',
      'store / native',
      'overwrite / native',
      'load / native',
    ],
    rows: [...engines.keys()].map((name) => {
      const own = results.get(name) ?? {};
      const native = results.get(`native ${name}`) ?? {};
      return [
        name,
        own['store'],
        own['overwrite'],
        own['load'],
        own['storeLarge'],
        own['loadLarge'],
        ratio(own['store'], native['store']),
        ratio(own['overwrite'], native['store']),
        ratio(own['load'], native['load']),
      ];
    }),
  };
}

function memoryTable(
  engines: ReadonlyMap<string, PageEngine>,
  garbage: ReadonlyMap<string, Garbage>,
  stored: ReadonlyMap<string, number>,
): Report['tables'][number] {
  return {
    title: `Memory, and garbage over ${2 * GARBAGE_PASSES} passes of one page a request`,
    columns: [
      'compressor',
      'compressed / pages',
      'native the same',
      'pool_total_size',
      'pool / pages',
      'metadata bytes',
      'collections',
      'heap bytes per 1000 pages',
      'buffer bytes',
    ],
    rows: [...engines].map(([name, engine]) => {
      const all = engine.pageCount * PAGE_SIZE;
      const native = stored.get(`native ${name}`);
      const made = garbage.get(name);
      const moved = (engine.pageCount * 2 * GARBAGE_PASSES) / 1000;
      return [
        name,
        engine.storedBytes / all,
        native === undefined ? undefined : native / all,
        engine.poolBytes,
        engine.poolBytes / all,
        engine.metadataBytes,
        made?.collections,
        made === undefined ? undefined : Math.round(made.heapBytes / moved),
        made?.bufferBytes,
      ];
    }),
  };
}

function rivalTable(
  rivals: Rivals,
  results: ReadonlyMap<string, Summaries>,
): Report['tables'][number] {
  return {
    title: 'Rivals in the same rounds, microseconds of processor time a page',
    columns: ['rival', 'store', 'load', 'our store / its', 'our load / its'],
    rows: rivals.contestants.map(({ name }) => {
      const figures = results.get(name) ?? {};
      const large = name.endsWith('128 KiB');
      const own = results.get(name.replace(/^(native|zram) /, '').replace(/,.*/, '')) ?? {};
      return [
        name,
        figures['store'],
        figures['load'],
        ratio(own[large ? 'storeLarge' : 'store'], figures['store']),
        ratio(own[large ? 'loadLarge' : 'load'], figures['load']),
      ];
    }),
  };
}
