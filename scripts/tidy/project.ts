/**
 * The project as the rules see it: every file that is tracked, or would be, with its text. Rules
 * are pure functions of it, so their tests need no files.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Finding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
  /** Shown, but does not fail the check. */
  readonly isWarning?: boolean;
}

export interface Project {
  /** Text by path relative to the project's folder. */
  readonly files: ReadonlyMap<string, string>;
  /** Size in bytes of each file that is not text. */
  readonly binaries: ReadonlyMap<string, number>;
}

export type Rule = (project: Project) => Finding[];

/** How much of a file is looked at to tell whether it is text. */
const BINARY_PROBE_BYTES = 8192;

/** Reads what git tracks under a folder and what is new and not ignored. */
export function readProject(root: string): Project {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0');
  const files = new Map<string, string>();
  const binaries = new Map<string, number>();
  for (const path of listed) {
    if (path === '' || !existsSync(join(root, path))) continue;
    const bytes = readFileSync(join(root, path));
    if (bytes.subarray(0, BINARY_PROBE_BYTES).includes(0)) binaries.set(path, bytes.length);
    else files.set(path, bytes.toString('utf8'));
  }
  return { files, binaries };
}

/** The files whose path matches, with their text. */
export function filesMatching(project: Project, pattern: RegExp): [path: string, text: string][] {
  return [...project.files].filter(([path]) => pattern.test(path));
}

/** Our own TypeScript: program, tests, scripts. */
export const TYPESCRIPT: RegExp = /^(?:src|test|scripts|bench|examples)\/.*\.ts$/;

/** Tells whether a path is a file or a folder of the project. */
export function hasPath(project: Project, path: string): boolean {
  const clean = path.replace(/\/$/, '');
  if (clean === '' || project.files.has(clean) || project.binaries.has(clean)) return true;
  const prefix = `${clean}/`;
  return [...project.files.keys(), ...project.binaries.keys()].some((file) =>
    file.startsWith(prefix),
  );
}

/** The line, from 1, of an index into a text. */
export function lineAt(text: string, index: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < index; i = text.indexOf('\n', i + 1)) line++;
  return line;
}

/** A finding for each match of a global pattern. */
export function findingsOf(
  path: string,
  text: string,
  pattern: RegExp,
  message: (match: RegExpExecArray) => string | undefined,
): Finding[] {
  const findings: Finding[] = [];
  for (const match of text.matchAll(pattern)) {
    const said = message(match);
    if (said !== undefined) findings.push({ path, line: lineAt(text, match.index), message: said });
  }
  return findings;
}
