/**
 * The configuration file of `zswapd serve`: TOML with the options' names as keys, at the top or in
 * `[serve]`, and a table `[[export]]` for each export. It is turned into what a command line would
 * have given, so that both are read by the same rules. An unknown key is refused by name.
 */
import { readFile } from 'node:fs/promises';
import { UsageError, type GivenOption, type OptionRow } from './args.ts';
import { exportFromFields, formatExport } from './export-spec.ts';
import { SERVE_OPTIONS } from './serve-options.ts';

/** Options that make no sense in a file. */
const NOT_IN_FILE: readonly string[] = ['config', 'check-config'];

function isTable(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

function scalarText(value: unknown, origin: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  throw new UsageError(`${origin}: takes a string, a number or a boolean`);
}

/** `{ zswap: { max: 1 } }` is what TOML makes of the dotted key `zswap.max = 1`. */
function flatten(table: Record<string, unknown>, origin: string, prefix = ''): [string, string][] {
  return Object.entries(table).flatMap(([key, value]): [string, string][] => {
    const name = `${prefix}${key}`;
    return isTable(value)
      ? flatten(value, origin, `${name}.`)
      : [[name, scalarText(value, `${origin}: ${name}`)]];
  });
}

function exportText(value: unknown, origin: string): string {
  if (!isTable(value)) return scalarText(value, origin);
  try {
    return formatExport(exportFromFields(new Map(flatten(value, origin))));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`${origin}: ${error.message}`, { cause: error });
  }
}

function optionText(row: OptionRow<unknown>, value: unknown, origin: string): string {
  // A number or a truth value would become the name of a file.
  if (row.kind !== 'switch' && row.value === 'PATH' && typeof value !== 'string') {
    throw new UsageError(`${origin}: takes a path in quotes`);
  }
  return scalarText(value, origin);
}

function givenFromTable(table: Record<string, unknown>, file: string): GivenOption[] {
  const given: GivenOption[] = [];
  for (const [name, value] of Object.entries(table)) {
    const origin = `${file}: ${name}`;
    const row = Object.entries(SERVE_OPTIONS).find(([known]) => known === name)?.[1];
    if (row === undefined || NOT_IN_FILE.includes(name)) {
      throw new UsageError(`${origin}: unknown key; 'zswapd serve --help' lists the names`);
    }
    if (row.kind === 'switch') {
      if (typeof value !== 'boolean') throw new UsageError(`${origin}: takes true or false`);
      if (value) given.push({ name, text: undefined, origin });
    } else if (row.kind === 'list') {
      for (const item of Array.isArray(value) ? value : [value]) {
        const text = name === 'export' ? exportText(item, origin) : optionText(row, item, origin);
        given.push({ name, text, origin });
      }
    } else if (value === false && (name === 'spill' || name === 'http')) {
      given.push({ name: `no-${name}`, text: undefined, origin });
    } else {
      given.push({ name, text: optionText(row, value, origin), origin });
    }
  }
  return given;
}

/**
 * Reads the text of a configuration file.
 *
 * @param file - its name, for messages
 * @throws UsageError in one line for a syntax error, an unknown key or a value of the wrong kind
 */
export async function parseConfigText(text: string, file: string): Promise<GivenOption[]> {
  const { parse, TomlError } = await import('smol-toml');
  let document: Record<string, unknown>;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.replace(/^Invalid TOML document: /, '').split('\n')[0] ?? '';
    throw new UsageError(`${file}:${error.line}:${error.column}: ${reason}`, { cause: error });
  }
  const { serve, ...top } = document;
  if (serve !== undefined && !isTable(serve)) throw new UsageError(`${file}: serve: takes a table`);
  for (const name of Object.keys(serve ?? {})) {
    if (Object.hasOwn(top, name)) {
      throw new UsageError(`${file}: ${name}: given both at the top and in [serve]`);
    }
  }
  return givenFromTable({ ...top, ...serve }, file);
}

/**
 * Reads a configuration file.
 *
 * @throws UsageError as {@link parseConfigText} does, or if it cannot be read
 */
export async function readConfigFile(path: string): Promise<GivenOption[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--config: cannot read '${path}': ${reason}`, { cause: error });
  }
  return parseConfigText(text, path);
}
