/**
 * Says what an end-to-end test needs from the machine, and skips the test loudly where that is not
 * there. With ZSWAPD_CI_STRICT=1 a missing requirement fails the test instead, unless
 * `test/e2e/allowed-skips.txt` names it: so a machine that should have everything cannot pass by
 * testing nothing.
 */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { it, type TestContext } from 'node:test';
import { join } from 'node:path';
import { projectFile } from './project.ts';
import { toolPath } from './run.ts';

type Probe = () => boolean;

/** Requirements that are more than a program on the search path. */
const PROBES: Readonly<Record<string, Probe>> = {
  root: () => process.getuid?.() === 0,
  fuse: () => isAccessible('/dev/fuse') && isOnPath('fusermount3'),
  loop: () => isAccessible('/dev/loop-control') && isOnPath('losetup'),
  'no-other-swap': () => readFileSync('/proc/swaps', 'utf8').trim().split('\n').length === 1,
  'python3-libnbd': () => exitsWithZero('/usr/bin/python3', ['-c', 'import nbd']),
  'guest-kernel': () => exitsWithZero(projectFile('test/e2e/guest/setup.sh'), []),
  'generic-kernel': () => exitsWithZero(projectFile('test/e2e/guest/setup.sh'), ['generic']),
  'liblz4-dev': () => hasHeader('lz4.h'),
  'liblzo2-dev': () => hasHeader('lzo/lzo1x.h'),
  zswapd: () =>
    process.env['ZSWAPD_E2E_SERVER'] !== 'nbdkit' &&
    existsSync(projectFile('dist/src/cli/main.js')),
};

const known = new Map<string, boolean>();

function isAccessible(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isOnPath(name: string): boolean {
  return toolPath.split(':').some((folder) => folder !== '' && existsSync(join(folder, name)));
}

function exitsWithZero(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function hasHeader(name: string): boolean {
  const { status } = spawnSync('cc', ['-E', '-xc', '-'], { input: `#include <${name}>\n` });
  return status === 0;
}

/** Tells whether the machine has a requirement: one of {@link PROBES}, else a program's name. */
export function has(requirement: string): boolean {
  const answer = known.get(requirement);
  if (answer !== undefined) return answer;
  const probe = PROBES[requirement];
  const found = probe === undefined ? isOnPath(requirement) : probe();
  known.set(requirement, found);
  return found;
}

/** Reads the list of requirements that may be missing even on a strict run. */
export function parseAllowedSkips(text: string): ReadonlySet<string> {
  const names = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
  return new Set(names.filter((name) => name !== ''));
}

/** What to do about a test whose requirements are partly missing. */
export function verdictOn(
  missing: readonly string[],
  strict: boolean,
  allowed: ReadonlySet<string>,
): 'run' | 'skip' | 'fail' {
  if (missing.length === 0) return 'run';
  return strict && !missing.every((name) => allowed.has(name)) ? 'fail' : 'skip';
}

function missingVerdict(missing: readonly string[]): 'run' | 'skip' | 'fail' {
  const strict = process.env['ZSWAPD_CI_STRICT'] === '1';
  const list = readFileSync(projectFile('test/e2e/allowed-skips.txt'), 'utf8');
  return verdictOn(missing, strict, parseAllowedSkips(list));
}

/**
 * Skips the running test for a reason found out only while it ran, for example by a script that
 * exits with 77. On a strict run it fails unless the requirement may be missing.
 */
export function skipFor(t: TestContext, requirement: string): void {
  if (missingVerdict([requirement]) === 'fail') throw new Error(`missing: ${requirement}`);
  t.skip(`skipped: needs ${requirement}`);
}

/** Registers a test that runs only where the machine has all it needs. */
export function itNeeds(
  requirements: readonly string[],
  name: string,
  body: (t: TestContext) => void | Promise<void>,
): void {
  const missing = requirements.filter((requirement) => !has(requirement));
  const reason = `skipped: needs ${missing.join(', ')}`;
  switch (missingVerdict(missing)) {
    case 'run':
      it(name, body);
      return;
    case 'skip':
      it(name, { skip: reason }, body);
      return;
    case 'fail':
      it(name, () => {
        throw new Error(`${reason}, and this run allows no such skip`);
      });
  }
}
