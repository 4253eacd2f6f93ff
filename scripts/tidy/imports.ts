/** Rules about who may import whom within `src/`, and who may import Node's own modules. */
import { posix } from 'node:path';
import { filesMatching, lineAt, type Finding, type Project } from './project.ts';
import { withoutComments } from './source-text.ts';

/** The folders of `src/` from the bottom up. A folder may import from lower floors and itself. */
const FLOORS: readonly (readonly string[])[] = [
  ['std'],
  ['rt'],
  ['page', 'codec', 'zpool', 'memcg'],
  ['swap'],
  ['zswap'],
  ['mm', 'blk'],
  ['nbd', 'trace', 'sim', 'metrics', 'testing', 'engine', 'estimate'],
  ['cache', 'cli', 'dashboard', 'machine'],
];

/**
 * Imports within a floor that are meant: what moves, the command that starts the page, and the
 * cache that is made of a machine's regions.
 */
const SAME_FLOOR_ALLOWED: ReadonlySet<string> = new Set([
  'codec page',
  'zpool page',
  'memcg page',
  'cli dashboard',
  // The words in which the engine's figures are told.
  'engine metrics',
  'cache machine',
]);

/** Where `node:` modules may be imported; everything else runs in any JavaScript engine. */
const NODE_ALLOWED: readonly RegExp[] = [
  /^src\/(?:cli|dashboard|engine|machine)\//,
  /^src\/rt\/rt-node\.ts$/,
  // Node's own checksum, behind one function that a pure one could replace.
  /^src\/swap\/(?:[\w-]+\/)?crc32\.ts$/,
  /^src\/codec\/(?:zstd-package|deflate|[\w-]*wasm[\w-]*)\.ts$/,
  /^src\/swap\/(?:[\w-]+\/)?device-file[\w-]*\.ts$/,
  /^src\/nbd\/(?:server|connection|socket\/[\w-]+)\.ts$/,
  // Where pages are read from: processes, files, dumps.
  /^src\/estimate\/source\//,
  /^src\/trace\/(?:input|record)\/[\w-]+-file\.ts$/,
];

interface Import {
  readonly line: number;
  readonly target: string;
  /** Gone once the types are stripped. */
  readonly isTypeOnly: boolean;
}

function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  const pattern =
    /(?:^|[\s;}])(?:(?<type>(?:import|export) type\s[^;']*?)?from|import)\s*\(?\s*'([^'\n]+)'/g;
  return [...code.matchAll(pattern)].map((match) => ({
    line: lineAt(code, match.index + match[0].indexOf("'")),
    target: match[2] ?? '',
    isTypeOnly: match.groups?.['type'] !== undefined,
  }));
}

function resolved(path: string, target: string): string {
  return posix.join(posix.dirname(path), target);
}

function folderOf(path: string): string | undefined {
  return /^src\/([\w-]+)\//.exec(path)?.[1];
}

function floorOf(folder: string): number {
  return FLOORS.findIndex((floor) => floor.includes(folder));
}

function floorFinding(path: string, folder: string, { line, target }: Import): Finding[] {
  const other = folderOf(resolved(path, target));
  if (other === undefined || other === folder) return [];
  const floor = floorOf(folder);
  const otherFloor = floorOf(other);
  if (otherFloor === -1) {
    return [
      { path, line, message: `src/${other} has no floor: add it to scripts/tidy/imports.ts` },
    ];
  }
  if (otherFloor < floor || SAME_FLOOR_ALLOWED.has(`${folder} ${other}`)) return [];
  const message =
    `${folder} (floor ${floor}) may not import ${other} (floor ${otherFloor}): ` +
    'move what both need down, or register a hook';
  return [{ path, line, message }];
}

/** Imports go down the floors or stay in their folder. */
export function floors(project: Project): Finding[] {
  return filesMatching(project, /^src\/[\w-]+\/.*\.ts$/).flatMap(([path, text]) => {
    const folder = folderOf(path) ?? '';
    if (floorOf(folder) === -1) {
      const message = `src/${folder} has no floor: add it to scripts/tidy/imports.ts`;
      return [{ path, line: 1, message }];
    }
    const local = importsOf(text).filter(({ target }) => target.startsWith('.'));
    return local.flatMap((found) => floorFinding(path, folder, found));
  });
}

/** No file needs itself, by way of others, to be loaded; types may refer to each other. */
export function importCycles(project: Project): Finding[] {
  const graph = new Map<string, string[]>();
  for (const [path, text] of filesMatching(project, /^src\/.*\.ts$/)) {
    const loaded = importsOf(text).filter(({ isTypeOnly }) => !isTypeOnly);
    const local = loaded.filter(({ target }) => target.startsWith('.'));
    graph.set(
      path,
      local.map(({ target }) => resolved(path, target)),
    );
  }
  const findings: Finding[] = [];
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) {
      const cycle = [...trail.slice(start), path].join(' -> ');
      findings.push({ path, line: 1, message: `imports itself: ${cycle}` });
      return;
    }
    if (finished.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    finished.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return findings;
}

/** `node:` modules are imported only where the program meets the machine. */
export function nodeModules(project: Project): Finding[] {
  return filesMatching(project, /^src\/.*\.ts$/).flatMap(([path, text]) => {
    if (NODE_ALLOWED.some((place) => place.test(path))) return [];
    const found = importsOf(text).filter(({ target }) => target.startsWith('node:'));
    return found.map(({ line, target }) => ({
      path,
      line,
      message: `${target} may not be imported here: take what it does as an argument, or use rt/`,
    }));
  });
}
