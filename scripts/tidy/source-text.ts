/**
 * TypeScript with its comments, or its comments and strings, blanked out, every character and line
 * in its place: so that rules can look for code with plain patterns. It knows strings, templates,
 * regular expressions and comments, and nothing else of the language.
 */

type Part = 'comment' | 'string';

/** Blanks comments. */
export function withoutComments(source: string): string {
  return blank(source, new Set<Part>(['comment']));
}

/** Blanks comments and the insides of strings, templates and regular expressions. */
export function codeOnly(source: string): string {
  return blank(source, new Set<Part>(['comment', 'string']));
}

/** Sticky patterns of what is not code, in the order they are tried at a position. */
const COMMENT = /\/\/[^\n]*|\/\*[^]*?\*\//y;
const QUOTED = /'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*"/y;
const TEMPLATE_PIECE = /[`}](?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** Before a regular expression stands an operator or a keyword, before a division a value. */
const BEFORE_REGEXP = /(?:^|[(,=:[!&|?{};>+\n]|\b(?:return|case|of|in))\s*$/;

function matchAt(pattern: RegExp, source: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(source)?.[0];
}

function blank(source: string, parts: ReadonlySet<Part>): string {
  let result = '';
  let index = 0;
  // One entry per open template: how many braces are open within its current `${`.
  const templates: number[] = [];
  const emit = (text: string, part: Part | 'code', head = 0, tail = head): void => {
    const inside = part !== 'code' && parts.has(part);
    const end = text.length - tail;
    result += inside
      ? text.slice(0, head) + text.slice(head, end).replace(/[^\n]/g, ' ') + text.slice(end)
      : text;
    index += text.length;
  };

  while (index < source.length) {
    const char = source[index] ?? '';
    const depth = templates.length - 1;
    const resumes = char === '}' && templates[depth] === 0;
    const comment = matchAt(COMMENT, source, index);
    if (comment !== undefined) {
      emit(comment, 'comment');
    } else if (char === "'" || char === '"') {
      emit(matchAt(QUOTED, source, index) ?? char, 'string', 1);
    } else if (char === '`' || resumes) {
      const piece = matchAt(TEMPLATE_PIECE, source, index) ?? char;
      if (resumes) templates.pop();
      const opens = piece.endsWith('${');
      if (opens) templates.push(0);
      emit(piece, 'string', 1, opens ? 2 : 1);
    } else if (char === '/' && BEFORE_REGEXP.test(source.slice(Math.max(0, index - 80), index))) {
      emit(matchAt(REGEXP, source, index) ?? char, 'string', 1, 0);
    } else {
      if (depth >= 0 && char === '{') templates[depth] = (templates[depth] ?? 0) + 1;
      if (depth >= 0 && char === '}') templates[depth] = (templates[depth] ?? 0) - 1;
      emit(char, 'code');
    }
  }
  return result;
}
