// Goal: what docs/explorer.md says the scenarios cover is what they say themselves, and no entry of
// the catalogue is passed over.
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { MUTANTS } from '../../../../src/sim/mutants/index.ts';
import { SCENARIOS } from '../../../../src/sim/scenarios/index.ts';
import { projectFile } from '../../../support/project.ts';

/** Entries of the catalogue in the specification. */
const CATALOGUE_ENTRIES = 51;

interface Row {
  readonly key: string;
  readonly scenarios: readonly string[];
  readonly reason: string | undefined;
  readonly mutants: readonly string[];
  /** Why there is no mutant. */
  readonly noMutant: string | undefined;
}

const names = (cell: string): string[] =>
  [...cell.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name);

/** The races of this design, which have no number. */
function ownRaces(): Omit<Row, 'reason'>[] {
  const text = readFileSync(projectFile('docs/explorer.md'), 'utf8');
  const [, table = ''] = /^Races of this design:\n\n([^]*?)\n\n/m.exec(text) ?? [];
  const found = table.split('\n').slice(2);
  return found.map((line) => {
    const [key = '', scenarios = '', mutants = ''] = line.split('|').slice(1, 4);
    const noMutant = /^ -: (\S.*\S) *$/.exec(mutants)?.[1];
    return { key: key.trim(), scenarios: names(scenarios), mutants: names(mutants), noMutant };
  });
}

function rows(): Row[] {
  const text = readFileSync(projectFile('docs/explorer.md'), 'utf8');
  const found = text.matchAll(/^\| (T\d+-\w|W\d|\d+) +\|[^|]*\| ([^|]*) \| ([^|]*) \|$/gm);
  return [...found].map(([, name = '', cell = '', mutants = '']) => ({
    key: /^\d+$/.test(name) ? `catalogue ${name}` : name,
    scenarios: names(cell),
    reason: /^-: (\S.*\S) *$/.exec(cell)?.[1],
    mutants: names(mutants),
    noMutant: /^-: (\S.*\S) *$/.exec(mutants)?.[1],
  }));
}

describe('the table of races', () => {
  it('has every entry of the catalogue once', () => {
    const keys = rows().map(({ key }) => key);
    assert.equal(new Set(keys).size, keys.length);
    for (let entry = 1; entry <= CATALOGUE_ENTRIES; entry += 1) {
      assert.ok(keys.includes(`catalogue ${entry}`), `entry ${entry}`);
    }
  });

  it('names for each either scenarios or why it cannot be here', () => {
    for (const { key, scenarios, reason } of rows()) {
      assert.equal(scenarios.length > 0, reason === undefined, key);
    }
  });

  it('says of each what the scenarios say themselves', () => {
    for (const { key, scenarios } of rows()) {
      const own = SCENARIOS.filter(({ covers }) => covers.includes(key)).map(({ name }) => name);
      assert.deepEqual([...scenarios].sort(), own.sort(), key);
    }
  });

  it('names mutants, or why there is none, for each that can be here', () => {
    const listed = [...rows(), ...ownRaces()].flatMap(({ mutants }) => mutants);
    const known = MUTANTS.map(({ name }) => name);
    assert.deepEqual([...new Set(listed)].sort(), known.sort());
    for (const { key, reason, mutants, noMutant } of rows()) {
      if (reason === undefined) assert.equal(mutants.length > 0, noMutant === undefined, key);
      else assert.equal(mutants.length, 0, key);
    }
  });

  it('names scenarios, and mutants or why there is none, for the races of this design', () => {
    const known = SCENARIOS.map(({ name }) => name);
    assert.ok(ownRaces().length > 0);
    for (const { key, scenarios, mutants, noMutant } of ownRaces()) {
      assert.ok(scenarios.length > 0, key);
      for (const name of scenarios) assert.ok(known.includes(name), name);
      assert.equal(mutants.length > 0, noMutant === undefined, key);
    }
  });

  it('has scenarios and mutants with names of their own', () => {
    const all = [...SCENARIOS, ...MUTANTS].map(({ name }) => name);
    assert.equal(new Set(all).size, all.length);
    for (const { scenario } of MUTANTS) assert.ok(all.includes(scenario), scenario);
  });
});
