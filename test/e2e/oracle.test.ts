// Goal: what `zswapd estimate` foretells of Linux's zswap and zram is what this kernel does.
// Method: the oracle itself, which ends with status 1 if any figure is too far off.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { itNeeds, skipFor } from '../support/require.ts';
import { run } from '../support/run.ts';
import { distFile } from '../support/run-program.ts';

/** A kernel short of memory brings pages in again; a wrong prediction is wrong each time. */
const ATTEMPTS = 3;

describe('the oracle', () => {
  itNeeds(['root', 'cc', 'no-other-swap'], 'finds every prediction near the kernel', async (t) => {
    const oracle = (): ReturnType<typeof run> =>
      run(process.execPath, [distFile('scripts/oracle.js')], { limitSeconds: 600 });
    let { status, stdout, stderr } = await oracle();
    for (let attempt = 1; status !== 0 && attempt < ATTEMPTS; attempt += 1) {
      t.diagnostic(`again, after status ${status}`);
      ({ status, stdout, stderr } = await oracle());
    }
    if (stderr.includes('nothing was checked')) {
      skipFor(t, 'kernel-pool');
      return;
    }
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /\noracle: all near\n$/);
    for (const line of stdout.split('\n'))
      if (line.includes('pool size')) t.diagnostic(line.trim());
  });
});
