/**
 * Goal: a mutant is wrong only where things overlap; else the explorer, which finds it, would have
 * shown nothing that a plain test does not. Method: the sequential suite over each mutant's copy of
 * the engine; and scenarios in orders of whole operations, its own in all of them, with all that
 * the explorer checks at every step.
 */
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MUTANTS } from '../../src/sim/mutants/index.ts';
import type { runScenario } from '../../src/sim/run.ts';
import { SCENARIOS } from '../../src/sim/scenarios/index.ts';
import type { play } from '../../src/sim/sequential/play.ts';
import { ANY_PLAN, NAMED_PLANS } from '../support/sequential-plans.ts';

interface MutantModules {
  readonly play: typeof play;
  readonly runScenario: typeof runScenario;
}

/** The same plans for all: a mutant is compared with the others, and a failure can be repeated. */
const PLANS = fc.sample(ANY_PLAN, { numRuns: 12, seed: 20_260_121 });

/** Orders of each scenario that is not the mutant's own: few, and other ones for each mutant. */
const SAMPLE = Number(process.env['RACE_SEEDS'] ?? 1);

async function load(name: string): Promise<MutantModules> {
  const folder = `../../mutants/${name}/sim`;
  const at = (path: string): string => new URL(`${folder}/${path}`, import.meta.url).href;
  const played = (await import(at('sequential/play.js'))) as Pick<MutantModules, 'play'>;
  const run = (await import(at('run.js'))) as Pick<MutantModules, 'runScenario'>;
  return { play: played.play, runScenario: run.runScenario };
}

describe('a mutant passes where nothing overlaps', () => {
  for (const [number, { name, scenario: own }] of MUTANTS.entries()) {
    it(`${name}: the sequential suite`, async () => {
      const mutant = await load(name);
      for (const each of NAMED_PLANS) {
        const { plan, atEnd } = each;
        assert.equal(await mutant.play(plan, { seed: 1, atEnd }), undefined, each.name);
      }
      for (const plan of PLANS) {
        const wrong = await mutant.play(plan, { seed: 1 });
        assert.equal(wrong, undefined, JSON.stringify(plan));
      }
    });

    it(`${name}: orders of whole operations`, async () => {
      const mutant = await load(name);
      for (const scenario of SCENARIOS) {
        const isOwn = scenario.name === own;
        const executions = isOwn ? undefined : SAMPLE;
        const options = { scheduler: 'sequential', seed: number, executions } as const;
        const run = mutant.runScenario(scenario.name, options);
        assert.equal(run.failure?.table, undefined, `${scenario.name}: ${run.failure?.message}`);
        assert.ok(run.exhausted || !isOwn);
      }
    });
  }
});
