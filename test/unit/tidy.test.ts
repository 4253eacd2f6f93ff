// Goal: each house rule catches what it is for and lets the right form pass, and the project keeps
// them all.
// Method: projects of one or a few files written as strings; then the project itself.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bannedCalls, bannedSyntax } from '../../scripts/tidy/calls.ts';
import {
  commandLineOptions,
  errorCodeHeadings,
  namedFiles,
  npmScripts,
  relativeLinks,
  tracePoints,
} from '../../scripts/tidy/docs.ts';
import { floors, importCycles, nodeModules } from '../../scripts/tidy/imports.ts';
import {
  bigBinaries,
  fileHeads,
  mirrorTests,
  unfinishedWork,
  workplaceNames,
} from '../../scripts/tidy/layout.ts';
import { readProject, type Project, type Rule } from '../../scripts/tidy/project.ts';
import {
  fileLengths,
  folderSizes,
  functionLengths,
  lineLengths,
} from '../../scripts/tidy/sizes.ts';
import { codeOnly, withoutComments } from '../../scripts/tidy/source-text.ts';
import { formatFinding, tidy } from '../../scripts/tidy.ts';
import { projectRoot } from '../support/project.ts';

type Files = Readonly<Record<string, string>>;

function projectOf(files: Files, binaries: Readonly<Record<string, number>> = {}): Project {
  return { files: new Map(Object.entries(files)), binaries: new Map(Object.entries(binaries)) };
}

/** `path:line` of each finding, which is what most tests ask for. */
function places(rule: Rule, files: Files): string[] {
  return rule(projectOf(files)).map(({ path, line }) => `${path}:${line}`);
}

function messages(rule: Rule, files: Files): string {
  return rule(projectOf(files))
    .map(({ message }) => message)
    .join('\n');
}

const lines = (count: number): string => 'x();\n'.repeat(count);

describe('source text', () => {
  it('blanks comments and keeps every line in its place', () => {
    assert.equal(
      withoutComments("a; // b\n/* c\n */ d; 'e // f'"),
      "a;     \n    \n    d; 'e // f'",
    );
  });

  it('blanks the insides of strings, templates and regular expressions', () => {
    assert.equal(codeOnly("f('a b', `c ${d('e')} f`) / 2;"), "f('   ', `  ${d(' ')}  `) / 2;");
    assert.equal(codeOnly('x = /[/"]`/g.test(y) / z;'), 'x = /       .test(y) / z;');
    assert.equal(codeOnly("'it\\'s'; n"), "'     '; n");
    assert.equal(codeOnly('`a ${ { b: `c` } } d`; e'), '`  ${ { b: ` ` } }  `; e');
  });
});

describe('floors', () => {
  it('refuses an import from a higher floor, types too', () => {
    const files = { 'src/swap/a.ts': "\nimport type { Z } from '../zswap/z.ts';\n" };
    assert.deepEqual(places(floors, files), ['src/swap/a.ts:2']);
    assert.match(messages(floors, files), /swap \(floor 3\) may not import zswap \(floor 4\)/);
  });

  it('refuses an import across a floor, and one spread over lines', () => {
    const files = { 'src/codec/a.ts': "export {\n  b,\n} from '../zpool/b.ts';\n" };
    assert.deepEqual(places(floors, files), ['src/codec/a.ts:3']);
  });

  it('refuses a folder that has no floor', () => {
    assert.match(messages(floors, { 'src/utils/a.ts': '' }), /has no floor/);
  });

  it('lets imports go down, stay, and come from the public index', () => {
    const files = {
      'src/zswap/a.ts': "import { b } from '../swap/b.ts';\nimport { c } from './c.ts';\n",
      'src/cli/a.ts': "import { d } from '../dashboard/d.ts';\n",
      'src/index.ts': "export { e } from './mm/e.ts';\n",
      'src/std/a.ts': "// import { f } from '../zswap/f.ts';\n",
    };
    assert.deepEqual(places(floors, files), []);
  });
});

describe('import cycles', () => {
  it('are found within a folder and shown', () => {
    const files = {
      'src/zswap/a.ts': "import './b.ts';\n",
      'src/zswap/b.ts': "import { x } from './c.ts';\n",
      'src/zswap/c.ts': "import { y } from './a.ts';\n",
    };
    assert.match(messages(importCycles, files), /a\.ts -> src\/zswap\/b\.ts -> src\/zswap\/c\.ts/);
  });

  it('are not made by types', () => {
    const files = {
      'src/zswap/a.ts': "import { b } from './b.ts';\n",
      'src/zswap/b.ts': "import type {\n  A,\n} from './a.ts';\n",
    };
    assert.deepEqual(places(importCycles, files), []);
  });

  it('are not seen in a shape that only joins again', () => {
    const files = {
      'src/zswap/a.ts': "import './b.ts';\nimport './c.ts';\n",
      'src/zswap/b.ts': "import './c.ts';\n",
      'src/zswap/c.ts': '',
    };
    assert.deepEqual(places(importCycles, files), []);
  });
});

describe("Node's modules", () => {
  it('are refused where only the engine is', () => {
    const files = { 'src/zswap/a.ts': "import { readFileSync } from 'node:fs';\n" };
    assert.deepEqual(places(nodeModules, files), ['src/zswap/a.ts:1']);
  });

  it('are let in where the program meets the machine', () => {
    const text = "import { readFileSync } from 'node:fs';\n";
    const paths = ['rt/rt-node', 'codec/wasm-loader', 'swap/device-file-open', 'cli/main'];
    const files = Object.fromEntries(paths.map((path) => [`src/${path}.ts`, text]));
    assert.deepEqual(places(nodeModules, files), []);
  });
});

describe('banned calls', () => {
  const calls = [
    'Date.now()',
    'performance.now()',
    'Math.random()',
    'setTimeout(f, 1)',
    'setImmediate(f)',
    'queueMicrotask(f)',
    'new Worker(url)',
    'Promise.race([a])',
    'console.log(1)',
    'process.exit(1)',
  ];

  it('are each refused with what to use instead', () => {
    for (const call of calls) {
      const found = messages(bannedCalls, { 'src/zswap/a.ts': `const x = ${call};\n` });
      assert.match(found, /may not be used here: use ./, call);
    }
  });

  it('are let be in the one place that is for them, in tests, and in words', () => {
    const files = {
      'src/rt/rt-node.ts': 'export const now = () => performance.now();\n',
      'test/unit/a.test.ts': 'setTimeout(f, 1);\n',
      'src/zswap/a.ts': "// Math.random() would differ.\nconst s = 'Date.now()';\n",
    };
    assert.deepEqual(places(bannedCalls, files), []);
  });
});

describe('banned syntax', () => {
  it('is found at the start of a statement or type', () => {
    for (const text of [
      'export enum A { B }',
      'const enum A { B }',
      'export namespace A {\n}',
      'export default 1;',
      'let a: any;',
      'f(a as any);',
      'const a: Map<string, any> = b;',
      'function f(a: any[]): void {}',
    ]) {
      assert.deepEqual(places(bannedSyntax, { 'src/std/a.ts': `\n${text}\n` }), ['src/std/a.ts:2']);
    }
  });

  it('is not found in words or longer names', () => {
    const text = "const enumerate = 1; // any enum\nconst anyOf = 'x as any;';\nf(anything);\n";
    assert.deepEqual(places(bannedSyntax, { 'src/std/a.ts': text }), []);
  });
});

describe('sizes', () => {
  it('limit a line to a hundred characters, addresses aside', () => {
    const files = {
      'src/std/a.ts': `${'a'.repeat(100)}\n${'b'.repeat(101)}\n`,
      'test/b.test.ts': `// https://example.org/${'c'.repeat(100)}\n`,
    };
    assert.deepEqual(places(lineLengths, files), ['src/std/a.ts:2']);
  });

  it('limit functions, methods and function constants', () => {
    const body = (count: number): string => `${'    x();\n'.repeat(count)}  }\n`;
    for (const start of [
      '  function f(a: number): void {\n',
      '  export const f = (a: number): void => {\n',
      '  async f(a: () => void): Promise<void> {\n',
      '  #f(\n    a: number,\n  ): void {\n',
    ]) {
      const opening = start.split('\n').length - 1;
      const long = { 'src/std/a.ts': start + body(70 - opening) };
      assert.match(messages(functionLengths, long), /f has 71 lines/, start);
      const fitting = { 'src/std/a.ts': start + body(69 - opening) };
      assert.equal(messages(functionLengths, fitting), '', start);
    }
  });

  it('take no notice of long blocks that are no functions', () => {
    const loop = `  for (const x of y) {\n${lines(80)}  }\n`;
    const text = `${loop}  describe('a', () => {\n${lines(80)}  });\n`;
    assert.deepEqual(places(functionLengths, { 'test/a.test.ts': text }), []);
  });

  it('warn about a long file and refuse a very long one', () => {
    const found = fileLengths(
      projectOf({
        'src/a.ts': lines(300),
        'src/b.ts': lines(301),
        'src/c.ts': lines(501),
        'src/nbd/wire.ts': lines(501),
        'test/d.test.ts': lines(800),
        'test/e.test.ts': lines(801),
      }),
    );
    const shown = found.map(({ path, isWarning }) => `${path} ${isWarning === true}`);
    assert.deepEqual(shown, ['src/b.ts true', 'src/c.ts false', 'test/e.test.ts false']);
  });

  it('limit a folder to fourteen files', () => {
    const files = (count: number): Files =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`src/std/f${i}.ts`, '']));
    assert.deepEqual(places(folderSizes, files(14)), []);
    assert.deepEqual(places(folderSizes, files(15)), ['src/std:1']);
  });
});

describe('layout', () => {
  it('wants a paragraph at the head of a source file', () => {
    const files = { 'src/std/a.ts': 'const x = 1;\n', 'src/std/b.ts': '/** What it is. */\n' };
    assert.deepEqual(places(fileHeads, files), ['src/std/a.ts:1']);
  });

  it('wants a unit test beside each file of the lower floors that does something', () => {
    const files = {
      'src/zswap/store.ts': 'export function store(): void {}\n',
      'src/zswap/load.ts': 'export function load(): void {}\n',
      'test/unit/zswap/load.test.ts': '',
      'src/zpool/zpool.ts': 'export interface Zpool {}\nexport const N = 1;\n',
      'src/cli/main.ts': 'function main(): void {}\n',
    };
    assert.deepEqual(places(mirrorTests, files), ['src/zswap/store.ts:1']);
    assert.match(messages(mirrorTests, files), /expected test\/unit\/zswap\/store\.test\.ts/);
  });

  it('finds remarks on work that is left', () => {
    const word = ['TO', 'DO'].join('');
    const files = { 'docs/a.md': `fine\n${word}: later\n`, 'test/fixtures/a.txt': word };
    assert.deepEqual(places(unfinishedWork, files), ['docs/a.md:2']);
  });

  it("finds paths of somebody's machine and names of package sources", () => {
    const files = {
      'docs/a.md': `See \`/${'work'}/x\`.\n`,
      'src/std/a.ts': `// ${['registry', 'example', 'org'].join('.')}\n// a/worker, ~/work/x\n`,
      'package-lock.json': '{ "resolved": "https://example.org/a.tgz" }\n',
    };
    const found = places(workplaceNames, files);
    assert.deepEqual(found, ['docs/a.md:1', 'src/std/a.ts:1', 'package-lock.json:1']);
  });

  it('refuses big binaries', () => {
    const found = bigBinaries(projectOf({}, { 'a.bin': 102_401, 'b.bin': 102_400 }));
    assert.deepEqual(
      found.map(({ path }) => path),
      ['a.bin'],
    );
  });
});

describe('docs', () => {
  it('wants point names unique and listed', () => {
    const point = "  if (rt.point('zswap.store.done', this)) return;\n";
    const files = {
      'src/zswap/a.ts': point,
      'src/zswap/b.ts': point.replace('done', 'other') + point,
      'docs/concurrency.md': 'Waits at `zswap.store.done`.\n',
    };
    assert.deepEqual(places(tracePoints, files), ['src/zswap/b.ts:1', 'src/zswap/b.ts:2']);
    assert.match(messages(tracePoints, files), /is not in docs.*\n.*names are unique/);
  });

  it('wants a heading for each error code, and a code for each heading', () => {
    const files = {
      'src/std/error.ts': "export const ERROR_CODES = {\n  ZSWAP_A: 'a',\n  ZSWAP_B: 'b',\n};\n",
      'docs/api/errors.md': '# Errors\n\n## `ZSWAP_A`\n\n### ZSWAP_C\n',
    };
    const found = places(errorCodeHeadings, files);
    assert.deepEqual(found, ['src/std/error.ts:3', 'docs/api/errors.md:5']);
  });

  it('follows relative links to files and folders', () => {
    const text =
      '[a](../src/a.ts#L3) [b](b.md) [c](../src/)\n[d](https://example.org) [e](#e)\n[f](gone.md)\n';
    const files = { 'docs/a.md': text, 'docs/b.md': '', 'src/a.ts': '' };
    assert.deepEqual(places(relativeLinks, files), ['docs/a.md:3']);
  });

  it('knows the scripts of package.json', () => {
    const files = {
      'package.json': '{ "scripts": { "bench": "x", "test:e2e": "y" } }',
      'README.md': 'npm run bench -- codec\nnpm run test:e2e\nnpm run benches\n',
    };
    assert.deepEqual(places(npmScripts, files), ['README.md:3']);
  });

  it("knows the command line's options, across continued lines", () => {
    const files = {
      'src/cli/options.ts':
        "export const OPTIONS = {\n  unix: {\n    kind: 'list',\n  },\n" +
        "  'pool-size': { kind: 'value' },\n};\n",
      'README.md':
        'Run `zswapd serve --unix a --pool-size 1G` or\n' +
        '`zswapd serve --unixx a` and `fio --size 1`.\n' +
        'zswapd serve --unix a \\\n  --pool 1\n',
    };
    const found = commandLineOptions(projectOf(files)).map(({ message }) => message);
    assert.deepEqual(found, ['zswapd has no option --unixx', 'zswapd has no option --pool']);
  });

  it('finds files that the docs name and nobody has', () => {
    const files = {
      'ARCHITECTURE.md':
        'See `src/zswap/store.ts`, `src/zswap/`, `src/zswap/gone.ts`\n' +
        'and `dist/src/x.js`, `test/unit/<floor>/*.test.ts`, src/and/or.\n',
      'src/zswap/store.ts': '',
    };
    assert.deepEqual(places(namedFiles, files), ['ARCHITECTURE.md:1']);
    assert.match(messages(namedFiles, files), /gone\.ts is not there/);
  });
});

describe('this project', () => {
  it('keeps its house rules', () => {
    const findings = tidy(readProject(projectRoot)).filter((finding) => finding.isWarning !== true);
    assert.equal(findings.map(formatFinding).join('\n'), '');
  });
});
