/**
 * Where things are, seen from a compiled test: the project's folder, the data beside it, and
 * folders for what a test writes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder, with a slash at the end. */
export const projectRoot: string = fileURLToPath(new URL('../../../', import.meta.url));

/** The path of a file of the source tree. */
export function projectFile(path: string): string {
  return join(projectRoot, path);
}

/** Makes a folder for one test's files and has it removed when the test or suite ends. */
export function scratchFolder(cleanUp: (remove: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'zswapd-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
