import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parseArguments,
  renderHelp,
  resolveOptions,
  UsageError,
  type ListOption,
  type SwitchOption,
  type ValueOption,
} from '../../../../src/cli/options/args.ts';
import { parsePercent, parseSize } from '../../../../src/cli/options/values.ts';

type Table = {
  readonly size: ValueOption<number>;
  readonly 'max-pool-percent': ValueOption<number>;
  readonly item: ListOption<string>;
  readonly quiet: SwitchOption;
};

const TABLE: Table = {
  size: { kind: 'value', value: 'SIZE', parse: parseSize, help: 'a size' },
  'max-pool-percent': {
    kind: 'value',
    value: 'N',
    parse: parsePercent,
    excludes: 'size',
    preset: '20',
    help: 'a share',
  },
  item: { kind: 'list', value: 'TEXT', parse: (text) => text, help: 'one more item' },
  quiet: { kind: 'switch', help: 'say nothing' },
};

function usage(message: string): { name: string; message: string } {
  return { name: 'UsageError', message };
}

function parse(...argv: string[]): ReturnType<typeof resolveOptions<Table>> {
  return resolveOptions(TABLE, parseArguments(TABLE, argv).given);
}

describe('parseArguments', () => {
  it('takes values after a blank and after an equals sign', () => {
    assert.deepEqual(parse('--size', '1K', '--quiet'), { size: 1024, quiet: true });
    assert.deepEqual(parse('--size=1K'), { size: 1024 });
  });

  it('keeps the last value of an option and all of a list', () => {
    assert.deepEqual(parse('--size', '1K', '--item=a', '--size', '2K', '--item=b'), {
      size: 2048,
      item: ['a', 'b'],
    });
  });

  it('takes a value that starts with a dash only behind an equals sign', () => {
    assert.deepEqual(parse('--item=--x'), { item: ['--x'] });
    assert.throws(() => parse('--item', '--quiet'), usage('--item: needs a value; it takes TEXT'));
  });

  it('refuses an unknown option by name', () => {
    assert.throws(
      () => parse('--sizes'),
      usage('--sizes: unknown option; --help lists the options'),
    );
    assert.throws(() => parse('-x'), usage('-x: unknown option; --help lists the options'));
    assert.throws(() => parse('--toString'), /--toString: unknown option/);
    assert.throws(() => parse('--__proto__=1'), /--__proto__: unknown option/);
  });

  it("suggests the option for the kernel's spelling and for a part of a name", () => {
    const hint = 'unknown option; did you mean --max-pool-percent?';
    assert.throws(() => parse('--max_pool_percent=3'), usage(`--max_pool_percent: ${hint}`));
    assert.throws(() => parse('--percent=3'), usage(`--percent: ${hint}`));
  });

  it('refuses a missing value, and a value for a switch', () => {
    assert.throws(() => parse('--size'), usage('--size: needs a value; it takes SIZE'));
    assert.throws(() => parse('--quiet=1'), usage('--quiet: takes no value'));
  });

  it('counts positional arguments', () => {
    const two = { text: 'PARAM VALUE', count: 2 };
    assert.deepEqual(parseArguments({}, ['a', '-1'.slice(1)], two).positionals, ['a', '1']);
    assert.throws(
      () => parseArguments({}, ['a'], two),
      usage('missing argument; it takes PARAM VALUE'),
    );
    assert.throws(
      () => parseArguments({}, ['a', 'b', 'c'], two),
      usage("'c': unexpected argument; it takes PARAM VALUE"),
    );
    assert.equal(parseArguments({}, ['--help'], two).help, true);
  });
});

describe('resolveOptions', () => {
  const given = (name: string, text: string, origin: string) => ({ name, text, origin });

  it('names the option, the bad value and what is taken', () => {
    assert.throws(
      () => parse('--size', '12Q'),
      usage("--size: '12Q' is not a size; it takes bytes, or 512K, 64M, 1G"),
    );
  });

  it('refuses options that exclude each other, in either order', () => {
    const message = /cannot be given together with/;
    assert.throws(() => parse('--size=1K', '--max-pool-percent=3'), message);
    assert.throws(() => parse('--max-pool-percent=3', '--size=1K'), message);
  });

  it('lets the command line win over the file, also where it excludes', () => {
    const over = [given('max-pool-percent', '3', '--max-pool-percent')];
    const under = [given('size', '1K', 'f: size'), given('item', 'a', 'f: item')];
    assert.deepEqual(resolveOptions(TABLE, over, under), { 'max-pool-percent': 3, item: ['a'] });
  });

  it('replaces a list of the file as a whole', () => {
    const over = [given('item', 'b', '--item')];
    const under = [given('item', 'a', 'f: item'), given('item', 'c', 'f: item')];
    assert.deepEqual(resolveOptions(TABLE, over, under), { item: ['b'] });
  });

  it('checks values of the file even where they are hidden', () => {
    const over = [given('size', '1K', '--size')];
    assert.throws(
      () => resolveOptions(TABLE, over, [given('size', 'x', 'f.toml: size')]),
      (error) => error instanceof UsageError && error.message.startsWith("f.toml: size: 'x'"),
    );
  });
});

describe('renderHelp', () => {
  it('shows every option of the table with its default', () => {
    const text = renderHelp({ name: 'demo', description: ['Do it.'], options: TABLE });
    for (const name of [...Object.keys(TABLE), 'help', 'version']) {
      assert.match(text, new RegExp(`^  --${name}\\b`, 'm'));
    }
    assert.match(text, /a share \(default: 20\)/);
    assert.match(text, /one more item \(repeatable\)/);
  });

  it('keeps its lines within a terminal', () => {
    const text = renderHelp({
      name: 'x',
      description: ['word '.repeat(60).trim()],
      options: TABLE,
    });
    assert.ok(text.split('\n').every((line) => line.length <= 88));
  });
});
