/**
 * What a store and a load cost as the number of stored pages grows from ten thousand to ten
 * million, and how long the process ever stands still. Pages are small when compressed, so that
 * ten million fit; each number has a process of its own.
 */
import { spawnSync } from 'node:child_process';
import { projectFile } from '../test/support/project.ts';
import { describeMachine } from './environment.ts';
import { interleave, ratio, type Report, type Round } from './harness.ts';
import type { ScaleResult } from './scale-child.ts';
import { STANDSTILL_BOUNDS_MS } from './standstill.ts';

export interface ScaleOptions {
  readonly rounds: number;
}

const PAGES: readonly number[] = [1e4, 1e5, 1e6, 1e7];
const TIMES: readonly string[] = ['store', 'load', 'randomLoad', 'randomOverwrite', 'trim'];
const TIME_NAMES: readonly string[] = ['store', 'load', 'random load', 'random overwrite', 'trim'];
const STILL: readonly string[] = [
  'gcMost',
  'delay50',
  'delay99',
  'delay9999',
  'delayMost',
  'turnMost',
  'turnOwnMost',
];

function runChild(pages: number): Round {
  const child = spawnSync(
    process.execPath,
    // A collection must not wait for threads that others do not let run.
    ['--single-threaded-gc', projectFile('dist/bench/scale-child.js'), String(pages)],
    { encoding: 'utf8' },
  );
  if (child.status !== 0) throw new Error(`${pages} pages: ${child.stderr}`);
  const result = JSON.parse(child.stdout) as ScaleResult;
  const { turns, ...figures } = result;
  return {
    ...figures,
    ...Object.fromEntries(turns.map((count, index) => [`turns${index}`, count])),
    metadata: result.metadataBytes / pages,
    pool: result.poolBytes / pages,
    thinned: result.thinnedPoolBytes / pages,
  };
}

/** The curve over the number of stored pages. */
export async function runScale(options: ScaleOptions): Promise<Report> {
  const results = await interleave(
    PAGES.map((pages) => ({ name: pages.toExponential(0), run: () => runChild(pages) })),
    options.rounds,
  );
  const [least] = results.values();
  const rows = (keys: readonly string[]): Report['tables'][number]['rows'] =>
    [...results].map(([name, figures]) => [name, ...keys.map((key) => figures[key])]);
  return {
    benchmark: 'scale',
    machine: describeMachine(),
    notes: [
      'nanoseconds of processor time for a page; lz4; pages that compress to some fifty bytes',
      'in order: requests of 32 pages; at random: of one page',
      'two pages of three are discarded before the last, and the pool is compacted',
      'a random word: one access to as much memory as the pool and its tables take',
      'delays are of the wall clock, and hold what others on the machine take',
      'a turn of the event loop is four requests; its own time: without waiting for a processor',
    ],
    tables: [
      {
        title: 'Nanoseconds for a page',
        columns: ['stored pages', ...TIME_NAMES, 'a random word'],
        rows: rows([...TIMES, 'randomWord']),
      },
      {
        title: `The same over those at ${PAGES[0]} pages`,
        columns: ['stored pages', ...TIME_NAMES.map((name) => `${name} / least pages`)],
        rows: [...results].map(([name, figures]) => [
          name,
          ...TIMES.map((key) => ratio(figures[key], least?.[key])),
        ]),
      },
      {
        title: 'Bytes for a stored page',
        columns: ['stored pages', 'metadata', 'pool', 'pool, thinned'],
        rows: rows(['metadata', 'pool', 'thinned']),
      },
      {
        title: 'Standing still, milliseconds',
        columns: [
          'stored pages',
          'longest collection',
          'delay p50',
          'delay p99',
          'delay p99.99',
          'most',
          'longest turn',
          'its own time',
        ],
        rows: rows(STILL),
      },
      {
        title: 'Turns of the event loop by their own time',
        columns: [
          'stored pages',
          ...STANDSTILL_BOUNDS_MS.map((bound) => `to ${bound} ms`),
          'longer',
        ],
        rows: rows(
          [...STANDSTILL_BOUNDS_MS.keys(), STANDSTILL_BOUNDS_MS.length].map((i) => `turns${i}`),
        ),
      },
    ],
  };
}
