/**
 * Command line options from a table: parsing, the rules between options, and the help text, all
 * from the same rows, so they cannot differ. A configuration file goes through the same rows, as a
 * second source that the command line overrides.
 */
import { parseArgs } from 'node:util';

/** The caller used a command wrongly: one line on stderr, exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface OptionCommon {
  /** One sentence without a full stop. */
  readonly help: string;
  /** Another option that says the same thing differently; giving both is refused. */
  readonly excludes?: string;
}

/** An option without a value. */
export interface SwitchOption extends OptionCommon {
  readonly kind: 'switch';
}

/** An option with a value: the last one given counts. */
export interface ValueOption<T> extends OptionCommon {
  readonly kind: 'value';
  /** Placeholder in the help text, such as `SIZE`. */
  readonly value: string;
  /** Throws RangeError with a reason that says what is taken. */
  readonly parse: (text: string) => T;
  /** What is in force without it, for the help text. */
  readonly preset?: string;
}

/** An option with a value that may be given again: all count, in order. */
export interface ListOption<T> extends OptionCommon {
  readonly kind: 'list';
  readonly value: string;
  readonly parse: (text: string) => T;
  readonly preset?: string;
}

export type OptionRow<T> = SwitchOption | ValueOption<T> | ListOption<T>;

/** Rows by long name without the dashes, in the order of the help text. */
export type OptionTable = Readonly<Record<string, OptionRow<unknown>>>;

type RowValue<Row> = Row extends SwitchOption
  ? true
  : Row extends ListOption<infer T>
    ? readonly T[]
    : Row extends ValueOption<infer T>
      ? T
      : never;

/** What was given, by option name; what was not given is absent. */
export type OptionValues<Table> = {
  readonly [Name in keyof Table]?: RowValue<Table[Name]>;
};

/** One option as it was given, not looked into yet. */
export interface GivenOption {
  readonly name: string;
  /** Undefined for a switch. */
  readonly text: string | undefined;
  /** How a message names the place, such as `--pool-size` or `zswapd.toml: pool-size`. */
  readonly origin: string;
}

/** Options every command has. */
const COMMON_OPTIONS: OptionTable = {
  help: { kind: 'switch', help: 'print this text and exit' },
  version: { kind: 'switch', help: 'print the version and exit' },
};

/** A command's positional arguments, for the usage line and the count. */
export interface PositionalSpec {
  /** As in the usage line, such as `PARAM VALUE`. */
  readonly text: string;
  readonly count: number;
  /** At most, where not always as many. */
  readonly countMax?: number;
}

export interface ParsedArguments {
  readonly given: readonly GivenOption[];
  readonly positionals: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
}

function unknownOption(table: OptionTable, origin: string): UsageError {
  const plain = origin.replace(/^-+/, '').replaceAll('_', '-').toLowerCase();
  const near = Object.keys(table).find(
    (name) =>
      name === plain ||
      (plain.length >= 3 && (name.startsWith(plain) || name.endsWith(`-${plain}`))),
  );
  const hint = near === undefined ? '--help lists the options' : `did you mean --${near}?`;
  return new UsageError(`${origin}: unknown option; ${hint}`);
}

/**
 * Splits a command line into options and positional arguments.
 *
 * @throws UsageError for an unknown option, a missing value, a value for a switch, or a wrong
 *   number of positional arguments (this not if help or version is asked for)
 */
export function parseArguments(
  table: OptionTable,
  argv: readonly string[],
  positional: PositionalSpec = { text: '', count: 0 },
): ParsedArguments {
  const all: OptionTable = { ...table, ...COMMON_OPTIONS };
  const options: Record<string, { type: 'boolean' | 'string'; short?: string }> = {};
  for (const [name, row] of Object.entries(all)) {
    options[name] = { type: row.kind === 'switch' ? 'boolean' : 'string' };
  }
  options['help'] = { type: 'boolean', short: 'h' };
  const parsed = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const given: GivenOption[] = [];
  for (const token of parsed.tokens) {
    if (token.kind !== 'option') continue;
    const origin = `--${token.name}`;
    const row = Object.hasOwn(all, token.name) ? all[token.name] : undefined;
    if (row === undefined) throw unknownOption(table, token.rawName);
    if (row.kind === 'switch') {
      if (token.value !== undefined) throw new UsageError(`${origin}: takes no value`);
      given.push({ name: token.name, text: undefined, origin });
      continue;
    }
    const looksLikeOption = !token.inlineValue && /^-./.test(token.value ?? '');
    if (token.value === undefined || looksLikeOption) {
      throw new UsageError(`${origin}: needs a value; it takes ${row.value}`);
    }
    given.push({ name: token.name, text: token.value, origin });
  }
  const help = given.some((option) => option.name === 'help');
  const version = given.some((option) => option.name === 'version');
  const { positionals } = parsed;
  const { count, countMax = count } = positional;
  if (!help && !version && (positionals.length < count || positionals.length > countMax)) {
    const extra = positionals[countMax];
    throw new UsageError(
      extra === undefined
        ? `missing argument; it takes ${positional.text}`
        : `'${extra}': unexpected argument; it takes ${positional.text || 'options only'}`,
    );
  }
  return { given, positionals, help, version };
}

function parseValue(row: ValueOption<unknown> | ListOption<unknown>, option: GivenOption): unknown {
  try {
    return row.parse(option.text ?? '');
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`${option.origin}: ${error.message}`, { cause: error });
  }
}

/** Refuses two options of one source that exclude each other. */
function checkExclusions(table: OptionTable, given: readonly GivenOption[]): void {
  for (const option of given) {
    const other = given.find((candidate) => candidate.name === table[option.name]?.excludes);
    if (other !== undefined) {
      throw new UsageError(`${option.origin}: cannot be given together with ${other.origin}`);
    }
  }
}

/**
 * Parses the values that count. An option in `over` hides the same option in `under`, and one that
 * it excludes; within one source the last one given counts, except for lists.
 *
 * @param over - from the command line
 * @param under - from a configuration file; its values are checked even where they are hidden
 * @throws UsageError for a bad value or for options that exclude each other in one source
 */
export function resolveOptions<Table extends OptionTable>(
  table: Table,
  over: readonly GivenOption[],
  under: readonly GivenOption[] = [],
): OptionValues<Table> {
  checkExclusions(table, over);
  checkExclusions(table, under);
  const values: Record<string, unknown> = {};
  const hides = (name: string): boolean =>
    over.some((option) => option.name === name || table[option.name]?.excludes === name);
  for (const [source, hidden] of [
    [under, hides],
    [over, (): boolean => false],
  ] as const) {
    for (const option of source) {
      const row: OptionRow<unknown> | undefined = table[option.name];
      if (row === undefined) continue;
      const value = row.kind === 'switch' ? true : parseValue(row, option);
      if (hidden(option.name)) continue;
      if (row.kind !== 'list') {
        values[option.name] = value;
      } else {
        const list = values[option.name];
        values[option.name] = Array.isArray(list) ? [...(list as unknown[]), value] : [value];
      }
    }
  }
  // The keys are the table's names and each value came from its own row.
  return values as OptionValues<Table>;
}

const HELP_INDENT = 28;
const HELP_WIDTH = 88;

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}

function helpRow(name: string, row: OptionRow<unknown>): string {
  const left = row.kind === 'switch' ? `  --${name}` : `  --${name} ${row.value}`;
  const notes: string[] = [];
  if (row.kind === 'list') notes.push('repeatable');
  if (row.kind !== 'switch' && row.preset !== undefined) notes.push(`default: ${row.preset}`);
  const text = notes.length === 0 ? row.help : `${row.help} (${notes.join('; ')})`;
  const lines = wrap(text, HELP_WIDTH - HELP_INDENT);
  const pad = ' '.repeat(HELP_INDENT);
  const first = left.length < HELP_INDENT - 1 ? left.padEnd(HELP_INDENT) : `${left}\n${pad}`;
  return `${first}${lines.join(`\n${pad}`)}`;
}

/** What a help text is made of. */
export interface HelpSpec {
  readonly name: string;
  /** One or more paragraphs. */
  readonly description: readonly string[];
  readonly options: OptionTable;
  readonly positional?: PositionalSpec;
}

/** The help text of a command, ending with a newline. */
export function renderHelp(spec: HelpSpec): string {
  const rows = Object.entries({ ...spec.options, ...COMMON_OPTIONS });
  const positional = spec.positional === undefined ? '' : ` ${spec.positional.text}`;
  const paragraphs = spec.description.map((text) => wrap(text, HELP_WIDTH).join('\n'));
  return [
    `Usage: zswapd ${spec.name} [options]${positional}`,
    '',
    paragraphs.join('\n\n'),
    '',
    'Options:',
    ...rows.map(([name, row]) => helpRow(name, row)),
    '',
  ].join('\n');
}
