/**
 * A Linux guest that swaps: how long a program with twice its guest's memory takes, and how fast
 * pages go out and come in, onto the daemon, onto nbdkit's memory plugin, plain and compressed, and
 * onto a plain file. The guest is that of the end-to-end suites (`test/e2e/guest/`); its program
 * checks every byte that comes back.
 */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import {
  GUEST_TOOLS,
  hogPhases,
  runGuest,
  type GuestDisk,
  type HogPhase,
} from '../test/support/guest.ts';
import { projectFile } from '../test/support/project.ts';
import { has } from '../test/support/require.ts';
import { present } from '../src/std/assert.ts';
import { GIB, MIB, PAGE_SIZE } from '../src/std/units.ts';
import { describeMachine, loudly, pinned } from './environment.ts';
import {
  interleave,
  ratio,
  type Contestant,
  type Report,
  type Round,
  type Summaries,
} from './harness.ts';
import { EXPORT, Server, serverKinds } from './servers.ts';
import { allPages } from './pages.ts';

const RAM_MIB = 128;
const HOG_MIB = 256;
const SWAP_BYTES = GIB;
const LIMIT_SECONDS = 600;
const FILE = 'file';

export interface GuestOptions {
  readonly rounds: number;
  /** zswapd runs once with each; default lz4 and zstd:1. */
  readonly compressors?: readonly string[];
  /** Also run nbdkit. */
  readonly rivals: boolean;
}

export async function runGuestBench(options: GuestOptions): Promise<Report | undefined> {
  const missing = GUEST_TOOLS.filter((tool) => !has(tool));
  if (missing.length > 0) {
    loudly(`a guest that swaps: no ${missing.join(', ')}`);
    return undefined;
  }
  const { bytes, note } = allPages();
  const notes = [
    note,
    `a guest of ${RAM_MIB} MiB and one processor, emulated (TCG), whose program fills, checks, ` +
      `rewrites by a third and checks ${HOG_MIB} MiB; ${options.rounds} rounds; medians`,
    'the same pages at the same places for all, neighbours of 128 KiB; every byte is checked',
    `${FILE}: raw, past the page cache, aio=native; server on the first core, QEMU on the last`,
  ];
  const nbdkit = options.rivals && has('nbdkit');
  if (options.rivals && !nbdkit) notes.push(loudly('a guest on nbdkit: no nbdkit'));
  // On the disk of the project: folders for temporary files are often in memory.
  const folder = mkdtempSync(projectFile('.bench-'));
  const pages = join(folder, 'pages');
  const servers: Server[] = [];
  try {
    writeFileSync(pages, bytes);
    const file = join(folder, FILE);
    writeFileSync(file, '');
    truncateSync(file, SWAP_BYTES);
    for (const kind of serverKinds(options.compressors ?? ['lz4', 'zstd:1'])) {
      if (kind.kind === 'bare' || (kind.kind === 'nbdkit' && !nbdkit)) continue;
      servers.push(await Server.start(kind, folder, SWAP_BYTES));
    }
    const results = await interleave(
      [
        ...servers.map((server) => contestant(server.name, serverDisk(server), pages, server)),
        contestant(FILE, { mode: 'file', target: file }, pages),
      ],
      options.rounds,
    );
    return { benchmark: 'guest', machine: describeMachine(), notes, tables: tablesOf(results) };
  } finally {
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function serverDisk({ socket }: Server): GuestDisk {
  return { mode: 'blk', target: socket, export: EXPORT };
}

/** Boots a guest in each round. */
function contestant(name: string, disk: GuestDisk, pages: string, server?: Server): Contestant {
  return {
    name,
    run: async () => {
      const before = server?.processorSecondsOfAll() ?? 0;
      const console = await runGuest(disk, {
        env: { PAGES: pages, RAM_MIB: String(RAM_MIB), HOG_MIB: String(HOG_MIB) },
        limitSeconds: LIMIT_SECONDS,
        pinned: (command) => pinned(cpus().length - 1, command),
      });
      const spent = (server?.processorSecondsOfAll() ?? Number.NaN) - before;
      return roundOf(console, spent);
    },
  };
}

/** What a guest's console says, in seconds and MiB a second. */
function roundOf(console: string, serverSeconds: number): Round {
  const phases = hogPhases(console);
  const phase = (name: string): HogPhase => present(phases.get(name));
  const [all, fill, rewrite] = [phase('all'), phase('fill'), phase('rewrite')];
  const checks = [phase('first check'), phase('last check')];
  if (all.bad !== 0) throw new Error(`wrong pages came back:\n${console}`);
  const mib = (count: number): number => (count * PAGE_SIZE) / MIB;
  const checkSeconds = checks.reduce((sum, { seconds }) => sum + seconds, 0);
  const checkPagesIn = checks.reduce((sum, { pagesIn }) => sum + pagesIn, 0);
  return {
    seconds: all.seconds,
    out: mib(all.pagesOut) / all.seconds,
    in: mib(all.pagesIn) / all.seconds,
    fillOut: mib(fill.pagesOut) / fill.seconds,
    checkIn: mib(checkPagesIn) / checkSeconds,
    rewrite: rewrite.seconds,
    pagesIn: all.pagesIn,
    pagesOut: all.pagesOut,
    serverMicroseconds: (serverSeconds * 1e6) / (all.pagesIn + all.pagesOut),
  };
}

function tablesOf(results: ReadonlyMap<string, Summaries>): Report['tables'] {
  const rivals = ['nbdkit memory', 'nbdkit zstd', FILE];
  const cells = [...results].map(([name, figures]) => {
    const shares = (key: string): (number | undefined)[] =>
      rivals.map((rival) => ratio(figures[key], results.get(rival)?.[key]));
    return { name, figures, shares };
  });
  return [
    {
      title: 'The program, and what the kernel swapped meanwhile',
      columns: [
        'swap',
        'hog, s',
        ...rivals.map((rival) => `hog / ${rival}`),
        'pages out',
        'pages in',
        'out, MiB/s',
        'in, MiB/s',
        'server us a page',
      ],
      rows: cells.map(({ name, figures, shares }) => [
        name,
        figures['seconds'],
        ...shares('seconds'),
        ...['pagesOut', 'pagesIn', 'out', 'in', 'serverMicroseconds'].map(
          (key) => figures[key]?.median,
        ),
      ]),
    },
    {
      title:
        'Its parts: fill only goes out, checks in order bring in, rewriting at random does both',
      columns: [
        'swap',
        'fill out, MiB/s',
        ...rivals.map((rival) => `fill out / ${rival}`),
        'checks in, MiB/s',
        ...rivals.map((rival) => `checks in / ${rival}`),
        'rewrite, s',
      ],
      rows: cells.map(({ name, figures, shares }) => [
        name,
        figures['fillOut'],
        ...shares('fillOut'),
        figures['checkIn'],
        ...shares('checkIn'),
        figures['rewrite'],
      ]),
    },
  ];
}
