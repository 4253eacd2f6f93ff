/**
 * Real JSON of realistic size that is there on any machine that has this project: the manifests of
 * the installed packages, and what the lock file notes of each.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFile } from '../test/support/project.ts';

/** Records outside of this are left out: they are no typical cached values. */
const RECORD_BYTES_MIN = 100;
const RECORD_BYTES_MAX = 8000;

/** JSON texts, each once. */
export function jsonRecords(): string[] {
  const found = new Set<string>();
  const add = (value: unknown): void => {
    const text = JSON.stringify(value);
    if (text.length >= RECORD_BYTES_MIN && text.length <= RECORD_BYTES_MAX) found.add(text);
  };
  const lock = JSON.parse(readFileSync(projectFile('package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, unknown>>;
  };
  for (const [name, entry] of Object.entries(lock.packages)) add({ name, entry });
  const folder = projectFile('node_modules');
  for (const path of readdirSync(folder, { recursive: true })) {
    if (!String(path).endsWith('package.json')) continue;
    try {
      add(JSON.parse(readFileSync(join(folder, String(path)), 'utf8')));
    } catch {
      // Packages bring broken manifests along as data for their own tests.
    }
  }
  return [...found];
}

/** The n-th of any number of records: when they are used up they come again, each time changed. */
export function recordAt(records: readonly string[], n: number): string {
  const text = records[n % records.length] ?? '';
  const round = Math.floor(n / records.length);
  return round === 0 ? text : `{"revision":${round},${text.slice(1)}`;
}
