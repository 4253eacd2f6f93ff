/** Rules about how long lines, functions and files are, and how many files a folder has. */
import { filesMatching, lineAt, TYPESCRIPT, type Finding, type Project } from './project.ts';
import { codeOnly } from './source-text.ts';

const LINE_CHARACTERS_MAX = 100;
const FUNCTION_LINES_MAX = 70;
const FILE_LINES_AIM = 300;
const FILE_LINES_MAX = 500;
const TEST_FILE_LINES_MAX = 800;
const FOLDER_FILES_MAX = 14;

/** A table of the protocol's numbers is as long as the protocol. */
const FILE_LENGTH_EXEMPT = /^src\/nbd\/wire\.ts$/;

/** Lines fit a hundred columns, but for addresses, which cannot be broken. */
export function lineLengths(project: Project): Finding[] {
  const checked = filesMatching(project, /^(?:src|test|scripts|bench|examples)\/.*\.(?:ts|mjs)$/);
  return checked.flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) => {
      if (line.length <= LINE_CHARACTERS_MAX || line.includes('https://')) return [];
      const message = `${line.length} characters; a line has at most ${LINE_CHARACTERS_MAX}`;
      return [{ path, line: index + 1, message }];
    }),
  );
}

/** Where a function with a name begins in formatted code: the brace of its body ends a line. */
const FUNCTION_STARTS: readonly RegExp[] = [
  /^[ ]*(?:export )?(?:async )?function\s*\*?\s*(\w+)/gm,
  /^[ ]*(?:export )?const (\w+)(?=[^;{]*?=> \{\n)/gm,
  new RegExp(
    String.raw`^[ ]+(?:(?:async|static|override|private|get|set) )*(#?\w+)` +
      String.raw`(?=(?:<[^>\n]*>)?\((?:(?!=> \{)[^;])*?\)(?:: [^;={}]+)? \{\n)`,
    'gm',
  ),
];

/** What looks like a method and is a statement. */
const STATEMENTS: ReadonlySet<string> = new Set(['if', 'for', 'while', 'switch', 'catch', 'do']);

/** The index just after the brace that closes the one at `open`. */
function closingBrace(code: string, open: number): number {
  let depth = 0;
  for (let i = open; i < code.length; i++) {
    if (code[i] === '{') depth++;
    else if (code[i] === '}' && --depth === 0) return i + 1;
  }
  return code.length;
}

/** Functions fit a screen. An approximation: it relies on the formatter's braces at line ends. */
export function functionLengths(project: Project): Finding[] {
  return filesMatching(project, TYPESCRIPT).flatMap(([path, text]) => {
    const code = codeOnly(text);
    const starts = FUNCTION_STARTS.flatMap((pattern) => [...code.matchAll(pattern)]);
    return starts.flatMap((match) => {
      const name = match[1] ?? '';
      const open = code.indexOf('{\n', match.index);
      if (open === -1 || STATEMENTS.has(name)) return [];
      const line = lineAt(code, match.index);
      const lines = lineAt(code, closingBrace(code, open)) - line + 1;
      if (lines <= FUNCTION_LINES_MAX) return [];
      const message = `${name} has ${lines} lines; a function has at most ${FUNCTION_LINES_MAX}`;
      return [{ path, line, message }];
    });
  });
}

/** Files hold one concept. */
export function fileLengths(project: Project): Finding[] {
  return filesMatching(project, TYPESCRIPT).flatMap(([path, text]): Finding[] => {
    if (FILE_LENGTH_EXEMPT.test(path)) return [];
    const isTest = path.startsWith('test/');
    const lines = text.split('\n').length - 1;
    const most = isTest ? TEST_FILE_LINES_MAX : FILE_LINES_MAX;
    if (lines > most) {
      return [{ path, line: most + 1, message: `${lines} lines; at most ${most}: split it` }];
    }
    if (isTest || lines <= FILE_LINES_AIM) return [];
    const message = `${lines} lines; aim at no more than ${FILE_LINES_AIM}`;
    return [{ path, line: FILE_LINES_AIM + 1, message, isWarning: true }];
  });
}

/** Folders can be taken in at a glance. */
export function folderSizes(project: Project): Finding[] {
  const counts = new Map<string, number>();
  for (const path of project.files.keys()) {
    if (!path.startsWith('src/')) continue;
    const folder = path.slice(0, path.lastIndexOf('/'));
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].flatMap(([path, count]) => {
    if (count <= FOLDER_FILES_MAX) return [];
    return [{ path, line: 1, message: `${count} files; a folder has at most ${FOLDER_FILES_MAX}` }];
  });
}
