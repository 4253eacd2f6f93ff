/** Rules about what stands where: heads of files, tests beside sources, and what stays outside. */
import { filesMatching, findingsOf, type Finding, type Project } from './project.ts';
import { codeOnly } from './source-text.ts';

const BINARY_BYTES_MAX = 100 * 1024;

/** Floors 0 to 5, whose files each have a unit test of the same name. */
const MIRRORED = /^src\/((?:std|rt|page|codec|zpool|memcg|swap|zswap|mm|blk)\/.*)\.ts$/;

/** Sources that a test of another name covers: a source's path and the test's. */
const TESTED_BY: ReadonlyMap<string, string> = new Map([
  // Steps that every verb takes: they are seen through each of them.
  ['src/blk/disk-context.ts', 'test/unit/blk/swap-disk.test.ts'],
]);

/** A source file opens with a paragraph on what it is for. */
export function fileHeads(project: Project): Finding[] {
  return filesMatching(project, /^src\/.*\.ts$/).flatMap(([path, text]) => {
    if (/^(?:#![^\n]*\n)?(?:\/\*\*|\/\/)/.test(text)) return [];
    const message = 'begins with no comment: say what the file is for and where it belongs';
    return [{ path, line: 1, message }];
  });
}

/** Tells whether a file has anything to test: functions or classes, not only types or numbers. */
function holdsBehaviour(text: string): boolean {
  const code = codeOnly(text);
  return /^(?:export\s+)?(?:async\s+function|function|(?:abstract\s+)?class)\b/m.test(code);
}

/** Each file of the lower floors that has behaviour has its unit test. */
export function mirrorTests(project: Project): Finding[] {
  return filesMatching(project, MIRRORED).flatMap(([path, text]) => {
    const test = TESTED_BY.get(path) ?? path.replace(MIRRORED, 'test/unit/$1.test.ts');
    if (project.files.has(test) || !holdsBehaviour(text)) return [];
    return [{ path, line: 1, message: `has no unit test: expected ${test}` }];
  });
}

/** Text that is written here, and not taken over as data or made by a tool. */
const WRITTEN = /^(?!package-lock\.json$|LICENSE$|test\/fixtures\/|test\/golden\/)/;

/** Work that is left is an issue, not a remark in the source. */
export function unfinishedWork(project: Project): Finding[] {
  return filesMatching(project, WRITTEN).flatMap(([path, text]) =>
    findingsOf(path, text, /\b(?:TO[D]O|FIX[M]E|X[X]X)\b/g, ([word]) => {
      return `${word}: finish it, or say what holds now and why`;
    }),
  );
}

/** One developer's machine is nobody else's. */
export function workplaceNames(project: Project): Finding[] {
  const written = filesMatching(project, WRITTEN).flatMap(([path, text]) => [
    ...findingsOf(
      path,
      text,
      /(?<![\w.~-])\/(?:wor[k]|tmp\/w[t]|hom[e]\/\w+)(?=\/|\s|['"`)])/g,
      () => {
        return "a path of one machine: use a path relative to the project's folder";
      },
    ),
    ...findingsOf(path, text, /\bregistry\.[\w-]+\.\w+|\bdeb\.debian[.]org|\bpypi[.]org/g, () => {
      return 'a package source by name: the package managers know theirs';
    }),
  ]);
  const locked = project.files.get('package-lock.json') ?? '';
  const addresses = findingsOf('package-lock.json', locked, /"resolved": "https?:/g, () => {
    return 'a download address: install with omit-lockfile-registry-resolved=true';
  });
  return [...written, ...addresses.slice(0, 1)];
}

/** Data of any size stays out of the history. */
export function bigBinaries(project: Project): Finding[] {
  return [...project.binaries].flatMap(([path, bytes]) => {
    if (bytes <= BINARY_BYTES_MAX) return [];
    return [{ path, line: 1, message: `${bytes} bytes of binary; at most ${BINARY_BYTES_MAX}` }];
  });
}
