/** Rules that hold the docs to the code: what they name must be there, and what must be told is. */
import { posix } from 'node:path';
import {
  filesMatching,
  findingsOf,
  hasPath,
  lineAt,
  type Finding,
  type Project,
} from './project.ts';
import { withoutComments } from './source-text.ts';

const MARKDOWN = /\.md$/;
const CONCURRENCY_DOC = 'docs/concurrency.md';
const ERROR_TABLE = 'src/std/error.ts';
const ERROR_DOC = 'docs/api/errors.md';

/** The names of points where others may run are unique, and the protocol's page lists them. */
export function tracePoints(project: Project): Finding[] {
  const doc = project.files.get(CONCURRENCY_DOC);
  const seen = new Map<string, string>();
  return filesMatching(project, /^src\/.*\.ts$/).flatMap(([path, text]) =>
    findingsOf(path, withoutComments(text), /\.point\(\s*'([^'\n]+)'/g, (match) => {
      const name = match[1] ?? '';
      const before = seen.get(name);
      seen.set(name, path);
      if (before !== undefined) return `the point '${name}' is in ${before} too: names are unique`;
      if (doc === undefined || doc.includes(`\`${name}\``)) return undefined;
      return `the point '${name}' is not in ${CONCURRENCY_DOC}`;
    }),
  );
}

/** Each error code has a heading in the docs, and each heading a code. */
export function errorCodeHeadings(project: Project): Finding[] {
  const table = project.files.get(ERROR_TABLE);
  const doc = project.files.get(ERROR_DOC);
  if (table === undefined || doc === undefined) return [];
  const codes = new Map<string, number>();
  for (const match of withoutComments(table).matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)) {
    codes.set(match[1] ?? '', lineAt(table, match.index));
  }
  const headings = new Map<string, number>();
  for (const match of doc.matchAll(/^#{2,}\s+`?([A-Z][A-Z0-9_]+)`?\s*$/gm)) {
    headings.set(match[1] ?? '', lineAt(doc, match.index));
  }
  const undocumented = [...codes].filter(([code]) => !headings.has(code));
  const unknown = [...headings].filter(([code]) => !codes.has(code));
  return [
    ...undocumented.map(([code, line]) => {
      return { path: ERROR_TABLE, line, message: `${code} has no heading in ${ERROR_DOC}` };
    }),
    ...unknown.map(([code, line]) => {
      return { path: ERROR_DOC, line, message: `${code} is no code of ${ERROR_TABLE}` };
    }),
  ];
}

/** Links between pages lead somewhere. */
export function relativeLinks(project: Project): Finding[] {
  return filesMatching(project, MARKDOWN).flatMap(([path, text]) =>
    findingsOf(path, text, /\]\(([^)\s#]*)(?:#[^)\s]*)?\)/g, (match) => {
      const target = match[1] ?? '';
      if (target === '' || /^[a-z]+:/.test(target)) return undefined;
      const found = posix.join(posix.dirname(path), target);
      return hasPath(project, found) ? undefined : `the link to ${target} leads nowhere`;
    }),
  );
}

/** A command that the docs tell to type is there. */
export function npmScripts(project: Project): Finding[] {
  const manifest = JSON.parse(project.files.get('package.json') ?? '{}') as {
    readonly scripts?: Readonly<Record<string, string>>;
  };
  const scripts = manifest.scripts ?? {};
  return filesMatching(project, MARKDOWN).flatMap(([path, text]) =>
    findingsOf(path, text, /\bnpm run (?:-s |--silent )?([\w:-]+)/g, (match) => {
      const name = match[1] ?? '';
      return name in scripts ? undefined : `package.json has no script ${name}`;
    }),
  );
}

/** The long options in the command line's own tables. */
function knownOptions(project: Project): ReadonlySet<string> {
  const row = /(?:'([a-z-]+)'|\b([a-z]+)):\s*\{\s*kind:\s*'(?:switch|value|list)'/g;
  const tables = filesMatching(project, /^src\/cli\/.*\.ts$/);
  const names = tables.flatMap(([, text]) =>
    [...withoutComments(text).matchAll(row)].map((match) => match[1] ?? match[2] ?? ''),
  );
  return new Set(names);
}

/** An option that the docs show after `zswapd` is one that it takes. */
export function commandLineOptions(project: Project): Finding[] {
  const known = knownOptions(project);
  if (known.size === 0) return [];
  return filesMatching(project, MARKDOWN).flatMap(([path, text]) => {
    // A command ends at the end of its line, code span or place in a pipeline.
    const joined = text.replace(/\\\n/g, '  ');
    return findingsOf(path, joined, /\bzswapd (?:[a-z]+ )?[^\n`|;&#]*/g, ([command]) => {
      const options = [...command.matchAll(/(?<=\s)--([a-z][a-z-]*)/g)];
      const unknown = options.map((match) => match[1] ?? '').filter((name) => !known.has(name));
      return unknown.length === 0 ? undefined : `zswapd has no option --${unknown.join(', --')}`;
    });
  });
}

/** A file or folder that the docs name is there. */
export function namedFiles(project: Project): Finding[] {
  const named = /(?<![\w./-])(?:src|test|scripts|docs|bench|examples|contrib|assembly)\/[^`\s]*/g;
  return filesMatching(project, MARKDOWN).flatMap(([path, text]) => {
    const spans = text.replace(/```[^]*?```|`[^`\n]*`|[^`]/g, (piece) =>
      piece.length > 1 && !piece.startsWith('```') ? piece : piece.replace(/[^\n]/g, ' '),
    );
    return findingsOf(path, spans, named, ([name]) => {
      if (/[*<>{}…$()|,]/.test(name)) return undefined;
      const file = name.replace(/[.:;]$/, '').replace(/:\d+$/, '');
      return hasPath(project, file) ? undefined : `${file} is not there`;
    });
  });
}
