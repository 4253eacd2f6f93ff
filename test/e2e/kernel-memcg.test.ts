// Goal: what the suites expect of memory.zswap.* is what a Linux kernel does.
// Method: a guest with Debian's generic kernel takes the steps that the engine takes in
// test/kernel/kernel-memcg.test.ts, and both must agree. ZSWAPD_RECORD=1 keeps its answers.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe } from 'node:test';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { assertAlike, RELATIONS } from '../support/memcg-relations.ts';
import {
  parseConsole,
  programPages,
  readRecording,
  RECORDING_FILE,
  recordedLines,
  STEPS_FILE,
  takeSteps,
} from '../support/memcg-steps.ts';
import { projectFile, scratchFolder } from '../support/project.ts';
import { itNeeds } from '../support/require.ts';
import { runOk } from '../support/run.ts';

const TOOLS = ['qemu-system-x86_64', 'busybox', 'cpio', 'cc', 'generic-kernel'];

describe('memory groups of a Linux kernel', () => {
  itNeeds(TOOLS, 'do what the engine does', async (t) => {
    const pages = join(
      scratchFolder((remove) => t.after(remove)),
      'pages.bin',
    );
    writeFileSync(pages, Buffer.concat(programPages()));
    const console = await runOk(projectFile('test/e2e/guest/memcg.sh'), [STEPS_FILE, pages], {
      limitSeconds: 300,
      echo: true,
    });
    const { release, figures } = parseConsole(console);
    if (process.env['ZSWAPD_RECORD'] === '1') {
      writeFileSync(RECORDING_FILE, `${recordedLines(console).join('\n')}\n`);
    }
    const recorded = readRecording();
    const same = isDeepStrictEqual(figures, recorded.figures) ? 'as' : 'otherwise than';
    t.diagnostic(`${release} answers ${same} ${recorded.release} when it was recorded`);
    for (const relation of Object.values(RELATIONS)) relation(figures);
    assertAlike(figures, recorded.figures);
    assertAlike(figures, takeSteps(readFileSync(STEPS_FILE, 'utf8')));
  });
});
