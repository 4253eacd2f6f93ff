/** Rules about calls and syntax that are refused, each with what to write instead. */
import { filesMatching, findingsOf, TYPESCRIPT, type Finding, type Project } from './project.ts';
import { codeOnly } from './source-text.ts';

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Where it is right. */
  readonly allowed: RegExp;
}

/** The places that are, or play, the outside world. */
const OUTSIDE = /^src\/(?:rt\/rt-node\.ts|cli\/|sim\/engine\/|dashboard\/web\/)/;

const BANS: readonly Ban[] = [
  { pattern: /\bDate\.now\(/g, instead: 'rt.nowMs()', allowed: OUTSIDE },
  { pattern: /\bnew Date\(\)/g, instead: 'rt.nowMs()', allowed: OUTSIDE },
  { pattern: /\bperformance\.now\(/g, instead: 'rt.nowMs()', allowed: OUTSIDE },
  { pattern: /\bhrtime\b/g, instead: 'rt.nowMs()', allowed: OUTSIDE },
  { pattern: /\bMath\.random\(/g, instead: 'rt.randomU32()', allowed: OUTSIDE },
  { pattern: /\bset(?:Timeout|Interval)\(/g, instead: 'rt.sleep()', allowed: OUTSIDE },
  { pattern: /\bsetImmediate\(/g, instead: 'rt.yieldTask() or rt.yieldNow()', allowed: OUTSIDE },
  { pattern: /\bqueueMicrotask\(/g, instead: 'rt.wake()', allowed: OUTSIDE },
  { pattern: /\bprocess\.nextTick\(/g, instead: 'rt.wake()', allowed: OUTSIDE },
  { pattern: /\bnew Worker\(/g, instead: "rt's worker pool", allowed: OUTSIDE },
  {
    pattern: /\bPromise\.race\(/g,
    instead: 'a deadline in rt/ (the loser of a race goes on running)',
    allowed: /^src\/cli\//,
  },
  {
    pattern: /\bconsole\.\w+\(/g,
    instead: "the command's own output streams",
    allowed: /^src\/dashboard\/web\//,
  },
  {
    pattern: /\bprocess\.exit\(/g,
    instead: 'an error that the command line turns into an exit status',
    allowed: /^src\/cli\//,
  },
];

/** Clocks, chance, timers and exits are reached only through their one door. */
export function bannedCalls(project: Project): Finding[] {
  return filesMatching(project, /^src\/.*\.ts$/).flatMap(([path, text]) => {
    const code = codeOnly(text);
    const bans = BANS.filter((ban) => !ban.allowed.test(path));
    return bans.flatMap((ban) =>
      findingsOf(path, code, ban.pattern, ([call]) => {
        return `${call.replace(/\($/, '()')} may not be used here: use ${ban.instead}`;
      }),
    );
  });
}

const SYNTAX: readonly { readonly pattern: RegExp; readonly message: string }[] = [
  {
    pattern: /^[ ]*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s+\w+/gm,
    message: 'no enum: use an `as const` object and a union type',
  },
  {
    pattern: /^[ ]*(?:export\s+)?namespace\s+[\w.]+\s*\{/gm,
    message: 'no namespace: use a module',
  },
  { pattern: /^[ ]*export\s+default\b/gm, message: 'no default export: give it a name' },
  {
    pattern: /(?::|\bas|<|\||=|,)\s*any\b(?=\s*[;,)>=\]|[{}]|$)/gm,
    message: 'no any: use unknown and a parser',
  },
];

/** What type stripping cannot run, and what hides a type. */
export function bannedSyntax(project: Project): Finding[] {
  return filesMatching(project, TYPESCRIPT).flatMap(([path, text]) => {
    const code = codeOnly(text);
    return SYNTAX.flatMap(({ pattern, message }) => findingsOf(path, code, pattern, () => message));
  });
}
