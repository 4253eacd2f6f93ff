// Goal: the machine's own kernel, at full speed, gets back every byte it swaps onto the server.
// Method: nbdfuse and a loop device make the export a disk; a program in a memory control group
// swaps onto it and checks each byte.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { startDaemon } from '../support/daemon.ts';
import { projectFile, scratchFolder } from '../support/project.ts';
import { itNeeds, skipFor } from '../support/require.ts';
import { run } from '../support/run.ts';

const CANNOT_RUN = 77;
const TOOLS = ['root', 'fuse', 'loop', 'no-other-swap', 'nbdfuse', 'cc'];

describe("the machine's kernel", () => {
  itNeeds(TOOLS, 'swaps onto an export and gets every byte back', async (t) => {
    const folder = scratchFolder((remove) => t.after(remove));
    const daemon = await startDaemon({ folder, exports: ['vm:512M'] });
    t.after(() => daemon.stop());
    const script = projectFile('test/e2e/host-swap.sh');
    const result = await run(script, [daemon.socket, 'vm'], { limitSeconds: 240 });
    if (result.status === CANNOT_RUN) {
      t.diagnostic(result.stdout.trim());
      skipFor(t, 'host-swap');
      return;
    }
    assert.equal(result.status, 0, result.stdout + result.stderr);
    t.diagnostic(/HOSTSWAP.*/.exec(result.stdout)?.[0] ?? '');
    if (daemon.kind !== 'zswapd') return;
    const stats = await daemon.stats();
    const shown = JSON.stringify(stats);
    assert.ok((stats.vmstat['zswpout'] ?? 0) > 1000, shown);
    assert.ok((stats.vmstat['zswpin'] ?? 0) > 1000, shown);
  });
});
