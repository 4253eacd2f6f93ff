// Goal: what `zswapd estimate` foretells of Linux's zswap and zram is what this kernel does.
// Method: the oracle itself, which ends with status 1 if any figure is too far off.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { itNeeds, skipFor } from '../support/require.ts';
import { run } from '../support/run.ts';
import { distFile } from '../support/run-program.ts';

describe('the oracle', () => {
  itNeeds(['root', 'cc', 'no-other-swap'], 'finds every prediction near the kernel', async (t) => {
    const { status, stdout, stderr } = await run(
      process.execPath,
      [distFile('scripts/oracle.js')],
      {
        limitSeconds: 600,
      },
    );
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
