/** Replays of what the daemon recorded, as a user makes them, held against its own counters. */
import assert from 'node:assert/strict';
import { runProgram } from './run-program.ts';

/** What the engine did in a replay. */
export interface EngineFigures {
  readonly kind: string;
  readonly zswap: Readonly<Record<string, number>>;
  readonly vmstat: Readonly<Record<string, number>>;
  readonly pool_size_peak: number;
  readonly wrong_reads: number;
  readonly samples: readonly { readonly stored_pages: number }[];
}

/** The part of `zswapd replay --json` that the suites look at. */
export interface ReplayFigures {
  readonly trace: { readonly format: string; readonly lost: number; readonly tenants: string[] };
  readonly runs: readonly EngineFigures[];
}

/** Runs `zswapd replay --json`. */
export async function replay(...args: string[]): Promise<ReplayFigures> {
  const { status, out, err } = await runProgram('src/cli/main.js', ['replay', '--json', ...args])
    .finished;
  assert.equal(status, 0, err);
  return JSON.parse(out) as ReplayFigures;
}

/** Replays a recording through the engine, with the settings that it was made with. */
export async function replayEngine(file: string): Promise<EngineFigures> {
  const { runs } = await replay(file, '--policy', 'second_chance');
  const [engine] = runs;
  assert.ok(engine !== undefined && engine.kind === 'engine');
  return engine;
}

/** Within a share of the larger one; small counts may differ by a few. */
export function assertNear(name: string, replayed: number, recorded: number, share = 0.05): void {
  const most = Math.max(8, share * Math.max(replayed, recorded));
  const difference = Math.abs(replayed - recorded);
  assert.ok(difference <= most, `${name}: replayed ${replayed}, the daemon counted ${recorded}`);
}
