/**
 * What a second shard is worth: the same load in each shard, on one thread and on two. Each shard
 * makes its load itself, so sockets and clients take no part of the cores.
 */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { projectFile } from '../test/support/project.ts';
import { PAGE_SIZE } from '../src/std/units.ts';
import { createAccountMemory } from '../src/zpool/pool-account.ts';
import { describeMachine } from './environment.ts';
import { interleave, ratio, type Report, type Round } from './harness.ts';
import { compressorPages } from './pages.ts';
import type { ShardLoadData } from './shard-load.ts';

export interface ShardsOptions {
  readonly rounds: number;
  readonly compressors?: readonly string[];
}

const COMPRESSORS = ['lz4', 'zstd:1'];
/** Times the pages are written and read before the time, and in it. */
const WARM_PASSES = 10;
const PASSES = 60;

/** Threads that wait for their load. */
class ShardThreads {
  readonly #workers: readonly Worker[];

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers;
  }

  static async open(compressor: string, pages: Uint8Array, count: number): Promise<ShardThreads> {
    const account = createAccountMemory(count);
    const workers = Array.from({ length: count }, (_, shard) => {
      const workerData: ShardLoadData = { compressor, pages, account, shard };
      return new Worker(projectFile('dist/bench/shard-load.js'), { workerData });
    });
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    return new ShardThreads(workers);
  }

  /** Seconds until all have done so many passes. */
  async run(passes: number): Promise<number> {
    const start = performance.now();
    const done = this.#workers.map((worker) => once(worker, 'message'));
    for (const worker of this.#workers) worker.postMessage(passes);
    await Promise.all(done);
    return (performance.now() - start) / 1000;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

async function measure(compressor: string, pages: Uint8Array, count: number): Promise<Round> {
  const threads = await ShardThreads.open(compressor, pages, count);
  await threads.run(WARM_PASSES);
  const seconds = await threads.run(PASSES);
  await threads.close();
  return { rate: (count * PASSES * 2 * (pages.length / PAGE_SIZE)) / seconds };
}

/** Pages a second by the number of shards. */
export async function runShards(options: ShardsOptions): Promise<Report | undefined> {
  const cores = availableParallelism();
  if (cores < 2) {
    process.stderr.write('shards: skipped: needs two cores\n');
    return undefined;
  }
  const pages = compressorPages();
  const counts = [1, 2];
  const rows: Report['tables'][number]['rows'][number][] = [];
  for (const compressor of options.compressors ?? COMPRESSORS) {
    const results = await interleave(
      counts.map((count) => ({
        name: String(count),
        run: () => measure(compressor, pages.bytes, count),
      })),
      options.rounds,
    );
    const [one, two] = counts.map((count) => results.get(String(count))?.['rate']);
    rows.push([compressor, one, two, ratio(two, one)]);
  }
  return {
    benchmark: 'shards',
    machine: describeMachine(),
    notes: [
      pages.note,
      'pages written and read a second, one a request, by the wall clock: half of each',
      `${cores} cores; each shard makes its own load; every page is compared in each round`,
    ],
    tables: [
      {
        title: 'Pages a second',
        columns: ['compressor', 'one shard', 'two shards', 'two / one'],
        rows,
      },
    ],
  };
}
