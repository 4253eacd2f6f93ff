// Goal: what a user of `zswapd explore` sees. Method: it runs as a process of its own.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MUTANTS } from '../../../../src/sim/mutants/index.ts';
import { SCENARIOS } from '../../../../src/sim/scenarios/index.ts';
import { runProgram, type Finished } from '../../../support/run-program.ts';

function explore(...argv: string[]): Promise<Finished> {
  return runProgram('src/cli/main.js', ['explore', ...argv]).finished;
}

describe('zswapd explore', () => {
  it('runs every schedule of a scenario and says so with status 0', async () => {
    const { status, out, err } = await explore('--scenario', 'store-store');
    assert.deepEqual([status, err], [0, '']);
    assert.match(out, /^store-store: \d+ executions \(all schedules\), \d+ states/);
  });

  it('prints the smallest interleaving of a mutant, and a string that repeats it', async () => {
    const found = await explore('--mutant', 'unlock-loses-a-wake');
    assert.equal(found.status, 1);
    assert.match(found.out, /store-store: nobodyWaitsForEver is violated: /);
    assert.match(found.out, /^step {2}\S.*$/m);
    const replay = /--replay '(\w*)'/.exec(found.out)?.[1] ?? '';
    const argv = ['--scenario', 'store-store', '--replay', replay];
    const again = await explore('--mutant', 'unlock-loses-a-wake', ...argv);
    assert.equal(again.status, 1);
    assert.equal(again.out.split('\n\n')[1], found.out.split('\n\n')[1]);
    assert.equal((await explore(...argv)).status, 0);
  });

  it('takes a sample by its seed', async () => {
    for (const scheduler of ['pct', 'random']) {
      const argv = ['--scheduler', scheduler, '--scenario', 'spill-read', '--seed', '4'];
      const { status, out } = await explore(...argv, '--executions', '20', '--json');
      assert.equal(status, 0);
      const [run] = JSON.parse(out) as [{ executions: number; exhausted: boolean }];
      assert.deepEqual([run.executions, run.exhausted], [20, false]);
    }
  });

  it('lists scenarios and mutants, for people and as JSON', async () => {
    const { out } = await explore('--list');
    const { status, out: json } = await explore('--list', '--json');
    assert.equal(status, 0);
    const listed = JSON.parse(json) as Record<'scenarios' | 'mutants', { name: string }[]>;
    assert.deepEqual(
      listed.scenarios.map(({ name }) => name),
      SCENARIOS.map(({ name }) => name),
    );
    assert.deepEqual(
      listed.mutants.map(({ name }) => name),
      MUTANTS.map(({ name }) => name),
    );
    for (const { name } of [...listed.scenarios, ...listed.mutants]) assert.ok(out.includes(name));
  });

  const wrong: [string, RegExp][] = [
    ['--scenario bogus', /--scenario: there is no scenario 'bogus'/],
    ['--mutant bogus', /--mutant: there is no mutant 'bogus'/],
    ['--scheduler bogus', /'bogus' is not a scheduler; it takes one of dfs, pct, random/],
    ['--executions 0', /'0' is not a count/],
    ['--replay aa', /--replay: needs --scenario/],
    ['--scenario spill-read --replay 99', /--replay: '9' is not part of a replay string/],
    ['--scenario spill-read --replay aiea', /--replay: .* is not of this scenario|cut/],
  ];
  for (const [line, message] of wrong) {
    it(`refuses ${line} with status 2`, async () => {
      const { status, out, err } = await explore(...line.split(' '));
      assert.deepEqual([status, out], [2, '']);
      assert.match(err, message);
    });
  }
});
