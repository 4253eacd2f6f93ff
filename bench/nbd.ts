/**
 * The daemon as an NBD server beside nbdkit's memory plugin, plain and compressed: requests a
 * second, the latency that one in a hundred exceeds, and the server's processor time, over Unix
 * sockets with real page contents. Every page read is compared with what was written there.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFile } from '../test/support/project.ts';
import { has } from '../test/support/require.ts';
import { KIB, MIB } from '../src/std/units.ts';
import { compile, describeMachine, hasCompiler, loudly } from './environment.ts';
import { interleave, ratio, type Contestant, type Report, type Summaries } from './harness.ts';
import { ServerUnderLoad } from './server-load.ts';
import { serverKinds } from './servers.ts';
import { allPages } from './pages.ts';

const EXPORT_BYTES = 256 * MIB;
const FILL = `fill ${EXPORT_BYTES}`;
/** Long enough for thousands of requests, short enough that all servers meet the same machine. */
const JOB_MS = 400;
/** Requests of the guest's mix: as many for each server, since it discards more than it writes. */
const MIX = 10_000;

interface Job {
  readonly name: string;
  readonly command: string;
  /** What a second client does meanwhile. */
  readonly beside?: string;
  /** The export is filled again before each run. */
  readonly refill?: boolean;
}

const JOBS: readonly Job[] = [
  job('4K random write, 1 in flight', 'randwrite', 4, 1),
  job('4K random read, 1 in flight', 'randread', 4, 1),
  job('4K random write, 16 in flight', 'randwrite', 4, 16),
  job('4K random read, 16 in flight', 'randread', 4, 16),
  job('64K random write, 4 in flight', 'randwrite', 64, 4),
  job('64K random read, 4 in flight', 'randread', 64, 4),
  job('128K sequential write, 4 in flight', 'write', 128, 4),
  {
    ...job('4K random read, 1 in flight, beside 128K writes, 4 in flight', 'randread', 4, 1),
    beside: job('', 'randwrite', 128, 4).command,
  },
  { name: "a guest's mix, 8 in flight", command: `run guest 4096 8 10000 ${MIX}`, refill: true },
  job('swap mix, 1 in flight', 'swap', 4, 1),
];

function job(name: string, kind: string, blockKib: number, depth: number): Job {
  return { name, command: `run ${kind} ${blockKib * KIB} ${depth} ${JOB_MS}` };
}

export interface NbdOptions {
  readonly rounds: number;
  /** zswapd runs once with each; default lz4 and zstd:1. */
  readonly compressors?: readonly string[];
  /** Also run nbdkit. */
  readonly rivals: boolean;
  /** Only jobs whose names hold this. */
  readonly job?: string;
}

/** Why the servers cannot be measured here; said aloud too. */
export function missingForServers(): string | undefined {
  if (!has('nbdkit')) return loudly('NBD servers: no nbdkit to compare with');
  if (!hasCompiler()) return loudly('NBD servers: no C compiler (cc) for the client');
  return undefined;
}

export async function runNbd(options: NbdOptions): Promise<Report | undefined> {
  if (missingForServers() !== undefined) return undefined;
  const { bytes, note } = allPages();
  const folder = mkdtempSync(join(tmpdir(), 'zswapd-bench-'));
  const files = { folder, client: join(folder, 'nbd-load'), pages: join(folder, 'pages') };
  const kinds = serverKinds(options.compressors ?? ['lz4', 'zstd:1']).filter(
    ({ kind }) => options.rivals || kind !== 'nbdkit',
  );
  const servers: ServerUnderLoad[] = [];
  try {
    writeFileSync(files.pages, bytes);
    compile(projectFile('bench/native/nbd-load.c'), files.client, []);
    for (const kind of kinds) {
      servers.push(await ServerUnderLoad.start(kind, files, EXPORT_BYTES));
    }
    for (const server of servers) await server.load(FILL);
    const results = new Map<string, ReadonlyMap<string, Summaries>>();
    for (const each of JOBS.filter(({ name }) => name.includes(options.job ?? ''))) {
      const contestants = servers.map((server) => serverContestant(server, each));
      results.set(each.name, await interleave(contestants, options.rounds));
    }
    for (const server of servers) await server.load('sweep');
    return {
      benchmark: 'nbd',
      machine: describeMachine(),
      notes: [
        note,
        `an export of ${EXPORT_BYTES / MIB} MiB, filled; ` +
          `${options.rounds} rounds of ${JOB_MS} ms ` +
          'for each job and server in turn; figures are medians',
        'client: native/nbd-load.c; server on the first core, client on the last; Unix sockets',
        'every page read is compared; at the end all of them',
      ],
      tables: [...jobTables(servers, results), residentTable(servers)],
    };
  } finally {
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function serverContestant(server: ServerUnderLoad, job: Job): Contestant {
  return {
    name: server.name,
    run: async () => {
      if (job.refill === true) await server.load(FILL);
      const { requests, bytes, seconds, ...rest } =
        job.beside === undefined
          ? await server.load(job.command)
          : await server.loadBeside(job.command, job.beside);
      return { rate: requests / seconds, megabytes: bytes / 1e6 / seconds, ...rest };
    },
  };
}

function jobTables(
  servers: readonly ServerUnderLoad[],
  results: ReadonlyMap<string, ReadonlyMap<string, Summaries>>,
): Report['tables'] {
  return [...results].map(([title, byServer]) => ({
    title,
    columns: [
      'server',
      'requests/s',
      'MB/s',
      'p50 us',
      'p99 us',
      'server us a request',
      'rate / nbdkit memory',
      'rate / nbdkit zstd',
      'p99 / nbdkit memory',
      'server us / nbdkit zstd',
    ],
    rows: servers.map(({ name }) => {
      const figures = byServer.get(name) ?? {};
      return [
        name,
        figures['rate'],
        figures['megabytes']?.median,
        figures['p50']?.median,
        figures['p99']?.median,
        figures['serverMicroseconds']?.median,
        ratio(figures['rate'], byServer.get('nbdkit memory')?.['rate']),
        ratio(figures['rate'], byServer.get('nbdkit zstd')?.['rate']),
        ratio(figures['p99'], byServer.get('nbdkit memory')?.['p99']),
        ratio(figures['serverMicroseconds'], byServer.get('nbdkit zstd')?.['serverMicroseconds']),
      ];
    }),
  }));
}

function residentTable(servers: readonly ServerUnderLoad[]): Report['tables'][number] {
  return {
    title: 'Resident memory at the end',
    columns: ['server', 'MiB', '/ data'],
    rows: servers.map((server) => {
      const bytes = server.residentBytes();
      return [server.name, bytes / MIB, bytes / EXPORT_BYTES];
    }),
  };
}
