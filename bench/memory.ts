/**
 * What so much data costs in memory: 1 GiB of pages through the daemon, and the same through
 * nbdkit's compressed memory disk. Resident memory of the process counts, not what it says of
 * itself; then everything is discarded, and what is still resident counts again.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { projectFile } from '../test/support/project.ts';
import { GIB, MIB } from '../src/std/units.ts';
import { compile, describeMachine } from './environment.ts';
import type { Report } from './harness.ts';
import { missingForServers } from './nbd.ts';
import { ServerUnderLoad } from './server-load.ts';
import { serverKinds, type ServerKind } from './servers.ts';
import { allPages } from './pages.ts';

/** Time in which a server may give back what it has freed. */
const SETTLE_MS = 3000;

export interface MemoryOptions {
  /** zswapd runs once with each; default lz4, zstd:1 and zstd:3. */
  readonly compressors?: readonly string[];
  /** Also run nbdkit. */
  readonly rivals: boolean;
}

type Row = Report['tables'][number]['rows'][number];

export async function runMemory(options: MemoryOptions): Promise<Report | undefined> {
  if (missingForServers() !== undefined) return undefined;
  const { bytes, note } = allPages();
  const folder = mkdtempSync(join(tmpdir(), 'zswapd-bench-'));
  const files = { folder, client: join(folder, 'nbd-load'), pages: join(folder, 'pages') };
  try {
    writeFileSync(files.pages, bytes);
    compile(projectFile('bench/native/nbd-load.c'), files.client, []);
    const rows: Row[] = [];
    for (const kind of serverKinds(options.compressors ?? ['lz4', 'zstd:1', 'zstd:3'])) {
      if (kind.variant === 'sparse' || kind.kind === 'bare') continue;
      if (kind.kind === 'nbdkit' && !options.rivals) continue;
      rows.push(await measure(kind, files));
    }
    return {
      benchmark: 'memory',
      machine: describeMachine(),
      notes: [
        `${note}; each 128 KiB are neighbours from a random place among them`,
        'read back and compared before memory is looked at',
      ],
      tables: [
        {
          title: '1 GiB of pages',
          columns: [
            'server',
            'resident, MiB',
            '/ data',
            'pool_total_size, MiB',
            'compressed, MiB',
            'metadata bytes a stored page',
            'resident before, MiB',
            'resident after discard, MiB',
            'after discard / before',
          ],
          rows,
        },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  kind: ServerKind,
  files: { readonly folder: string; readonly client: string; readonly pages: string },
): Promise<Row> {
  const server = await ServerUnderLoad.start(kind, files, GIB);
  try {
    const before = server.residentBytes();
    await server.load(`fill ${GIB}`);
    await server.load('sweep');
    const resident = server.residentBytes();
    const statistics = await server.statistics();
    await server.load('trim');
    await delay(SETTLE_MS);
    const after = server.residentBytes();
    const { zswap, memcg, process: own } = statistics ?? {};
    return [
      kind.name,
      resident / MIB,
      resident / GIB,
      zswap === undefined ? undefined : (zswap['pool_total_size'] ?? 0) / MIB,
      memcg === undefined ? undefined : (memcg['bench']?.['memory.zswap.current'] ?? 0) / MIB,
      own === undefined ? undefined : own.metadata_bytes / (zswap?.['stored_pages'] ?? 0),
      before / MIB,
      after / MIB,
      after / before,
    ];
  } finally {
    await server.stop();
  }
}
