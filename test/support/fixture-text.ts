/**
 * Expected texts in `test/fixtures`. With UPDATE_FIXTURES=1 in the environment a text is written
 * instead of compared; the change then shows in the diff that is reviewed.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Compares a text with the fixture of that name. */
export function assertFixture(name: string, actual: string): void {
  const path = fileURLToPath(new URL(`../../../test/fixtures/${name}`, import.meta.url));
  if (process.env['UPDATE_FIXTURES'] === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
    return;
  }
  assert.equal(actual, readFileSync(path, 'utf8'), `differs from test/fixtures/${name}`);
}
