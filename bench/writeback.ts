/**
 * Writeback: how fast cold pages go to the spill file beside what the same file system takes from
 * fio, and from a process in Node that does nothing else, in requests of the same size; and what
 * small reads from the pool wait for meanwhile.
 *
 * Two who have pages written back are measured: `reclaim`, on request, and the shrink worker, which
 * a page sets going that comes into a pool over its limit.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { projectFile } from '../test/support/project.ts';
import { has } from '../test/support/require.ts';
import { runOk } from '../test/support/run.ts';
import { KIB, MIB, PAGE_SIZE } from '../src/std/units.ts';
import { BIO_PAGES } from '../src/swap/device/device.ts';
import { compile, describeMachine, loudly, pinned } from './environment.ts';
import { interleave, ratio, type Contestant, type Report, type Round } from './harness.ts';
import { missingForServers } from './nbd.ts';
import { BESIDE_BYTES, ServerUnderLoad } from './server-load.ts';
import { EXPORT } from './servers.ts';
import { allPages } from './pages.ts';

/** Pages to write back, and as much for fio to write. */
const COLD_BYTES = 512 * MIB;
const BLOCK_BYTES = BIO_PAGES * PAGE_SIZE;
const BARE = projectFile('dist/bench/writeback-bare.js');
/** A moment within the time that writeback takes, on a fast disk too. */
const READ_MS = 150;
const START_MS = 20;
/** Between two looks at how far it is. */
const LOOK_MS = 20;
/** What frees space after a round has ended. */
const SETTLE_MS = 500;
const READS = `run randread 4096 1 ${READ_MS}`;
/** Requests in flight of those who only write. */
const DEPTHS = [1, 4] as const;
const UNLIMITED = '1T';

const COLUMNS = [
  'who',
  'MB/s',
  'us a page',
  '/ fio, 4 in flight',
  'reads/s',
  'p50 us',
  'p99 us',
  'p99 / idle',
];

export interface WritebackOptions {
  readonly rounds: number;
  readonly compressors?: readonly string[];
}

export async function runWriteback(options: WritebackOptions): Promise<Report | undefined> {
  if (missingForServers() !== undefined) return undefined;
  if (!has('fio')) return loudlyNothing();
  const { bytes, note } = allPages();
  // On the disk of the project: folders for temporary files are often in memory.
  const folder = mkdtempSync(projectFile('.bench-'));
  const files = { folder, client: join(folder, 'nbd-load'), pages: join(folder, 'pages') };
  const [compressor = 'lz4'] = options.compressors ?? [];
  writeFileSync(files.pages, bytes);
  compile(projectFile('bench/native/nbd-load.c'), files.client, []);
  const spill = join(folder, 'spill');
  const server = await ServerUnderLoad.start(
    { name: `zswapd ${compressor}`, kind: 'zswapd', variant: compressor, spill },
    files,
    COLD_BYTES,
  );
  try {
    const contestants: Contestant[] = [
      ...DEPTHS.map((depth) => fio(join(folder, 'fio'), depth)),
      ...DEPTHS.map((depth) => bare(join(folder, 'bare'), depth)),
      { name: 'reclaim', run: () => round(server, reclaim, false) },
      { name: 'reclaim, and reads', run: () => round(server, reclaim, true) },
      { name: 'shrink worker', run: () => round(server, overflow, false) },
      { name: 'shrink worker, and reads', run: () => round(server, overflow, true) },
    ];
    const results = await interleave(contestants, options.rounds);
    const figuresOf = (name: string): Round => toRound(results.get(name) ?? {});
    const device = results.get(fioName(4))?.['megabytes'];
    return {
      benchmark: 'writeback',
      machine: describeMachine(),
      notes: [
        note,
        'us a page: processor time of all threads of the process',
        `${COLD_BYTES / MIB} MiB of pages in requests of ${BLOCK_BYTES / KIB} KiB past the page ` +
          `cache, to a fresh or emptied file; ${options.rounds} rounds; figures are medians`,
        `reads: 4 KiB, one at a time, of ${BESIDE_BYTES / MIB} MiB that stay in the pool; server ` +
          'and fio on the first core, client on the last',
        'every page read is compared; after each round all that was written back',
      ],
      tables: [
        {
          title: 'Sequential writes',
          columns: COLUMNS,
          rows: [...results].map(([name, figures]) => [
            name,
            figures['megabytes'],
            figures['microseconds']?.median,
            ratio(figures['megabytes'], device),
            figures['rate']?.median,
            figures['p50']?.median,
            figures['p99'],
            (figuresOf(name)['p99'] ?? Number.NaN) / (figuresOf(name)['idleP99'] ?? Number.NaN),
          ]),
        },
      ],
    };
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function loudlyNothing(): undefined {
  loudly('writeback: no fio to say what the device can do');
  return undefined;
}

const toRound = (figures: Readonly<Record<string, { readonly median: number }>>): Round =>
  Object.fromEntries(Object.entries(figures).map(([name, { median }]) => [name, median]));

const fioName = (depth: number): string => `fio, ${depth} in flight`;

/** Writes a new file, as the device sees it from a spill file that has just been emptied. */
function fio(path: string, depth: number): Contestant {
  const [program = '', ...args] = pinned(0, [
    'fio',
    '--name=sequential',
    `--filename=${path}`,
    `--size=${COLD_BYTES}`,
    `--bs=${BLOCK_BYTES}`,
    `--iodepth=${depth}`,
    '--rw=write',
    '--direct=1',
    '--ioengine=libaio',
    '--fallocate=none',
    '--output-format=json',
  ]);
  return {
    name: fioName(depth),
    run: async () => {
      const { jobs } = JSON.parse(await runOk(program, args)) as {
        jobs: { write: { bw_bytes: number } }[];
      };
      rmSync(path);
      await delay(SETTLE_MS);
      return { megabytes: (jobs[0]?.write.bw_bytes ?? Number.NaN) / 1e6 };
    },
  };
}

/** The same out of Node. */
function bare(path: string, depth: number): Contestant {
  const words = [path, COLD_BYTES, BLOCK_BYTES, depth].map(String);
  const [program = '', ...args] = pinned(0, [process.execPath, BARE, ...words]);
  return {
    name: `bare Node, ${depth} in flight`,
    run: async () => {
      const [megabytes = Number.NaN, microseconds = Number.NaN] = (await runOk(program, args))
        .split(' ')
        .map(Number);
      await delay(SETTLE_MS);
      return { megabytes, microseconds };
    },
  };
}

/** Fills the pool, has it written back, and reads meanwhile or does not. */
async function round(
  server: ServerUnderLoad,
  begin: (server: ServerUnderLoad) => Promise<unknown>,
  reads: boolean,
): Promise<Round> {
  await server.load(`fill ${COLD_BYTES}`);
  // What is new gets a second chance first, a few at each call.
  while ((await reclaim(server, 1)) === 0);
  await server.besideLoad(`fill ${BESIDE_BYTES}`);
  await delay(SETTLE_MS);
  const idle = await server.besideLoad(READS);
  const before = await writtenBack(server);
  const spentBefore = server.processorSeconds();
  const start = performance.now();
  const begun = begin(server);
  await delay(START_MS);
  const reading = reads ? server.besideLoad(READS) : undefined;
  const wanted = before + (0.9 * COLD_BYTES) / PAGE_SIZE;
  let [pages, ms, spent] = [before, 0, 0];
  for (let still = 0; pages < wanted && still < 50; still += 1) {
    const now = await writtenBack(server);
    if (now > pages) {
      [pages, ms, still] = [now, performance.now() - start, 0];
      spent = server.processorSeconds() - spentBefore;
    }
    await delay(LOOK_MS);
  }
  const read = await reading;
  await begun;
  await server.ask({ command: 'set', name: 'pool_size', value: UNLIMITED });
  await server.load('sweep');
  await server.load('trim');
  await server.besideLoad('trim');
  const megabytes = ((pages - before) * PAGE_SIZE) / 1e3 / ms;
  if (read === undefined) return { megabytes, microseconds: (spent * 1e6) / (pages - before) };
  const { requests, seconds, p50, p99 } = read;
  return { megabytes, rate: requests / seconds, p50, p99, idleP99: idle.p99 };
}

async function writtenBack(server: ServerUnderLoad): Promise<number> {
  return (await server.statistics())?.zswap['written_back_pages'] ?? 0;
}

async function reclaim(server: ServerUnderLoad, bytes: number = COLD_BYTES): Promise<number> {
  return Number(await server.ask({ command: 'reclaim', name: EXPORT, bytes: String(bytes) }));
}

/** Leaves the pool far over its limit; the next page that comes in is refused and sees it. */
async function overflow(server: ServerUnderLoad): Promise<void> {
  await server.ask({ command: 'set', name: 'pool_size', value: String(BESIDE_BYTES / 2) });
  await server.besideLoad('run write 4096 1 100 1');
}
