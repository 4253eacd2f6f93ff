/**
 * Which column of a text trace is what: from a command line as libCacheSim writes it
 * (`time-col=1,obj-id-col=2,obj-size-col=3`), or from the names in the trace's first line.
 */
import type { Delimiter } from './fields.ts';

/** Columns from 1; 0: the trace has none of that kind. */
export interface ColumnMap {
  readonly time: number;
  readonly id: number;
  readonly size: number;
  readonly op: number;
  readonly tenant: number;
  /** Undefined: found out from the first line. */
  readonly delimiter: Delimiter | undefined;
  /** Undefined: found out from the first line. */
  readonly hasHeader: boolean | undefined;
  /** Seconds of one unit of the time column. */
  readonly timeUnit: number;
}

type ColumnKey = 'time' | 'id' | 'size' | 'op' | 'tenant';

/** Names as libCacheSim spells them, and ours. */
const KEYS: Readonly<Record<string, ColumnKey>> = {
  'time-col': 'time',
  'obj-id-col': 'id',
  'id-col': 'id',
  'page-col': 'id',
  'obj-size-col': 'size',
  'size-col': 'size',
  'op-col': 'op',
  'tenant-col': 'tenant',
};

const DELIMITERS: Readonly<Record<string, Delimiter>> = {
  comma: ',',
  ',': ',',
  semicolon: ';',
  ';': ';',
  tab: '\t',
  '\t': '\t',
  '\\t': '\t',
  pipe: '|',
  '|': '|',
  space: ' ',
  ' ': ' ',
};

const TIME_UNITS: Readonly<Record<string, number>> = { s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9 };

/** What a column map may look like, for messages. */
export const COLUMNS_FORM: string =
  'time-col=N,obj-id-col=N,obj-size-col=N,op-col=N,tenant-col=N with columns from 1, and ' +
  'delimiter=comma|semicolon|tab|pipe|space, has-header=true|false, time-unit=s|ms|us|ns';

/** @throws RangeError that says what is taken */
export function parseColumns(text: string): ColumnMap {
  const columns: Record<ColumnKey, number> = { time: 0, id: 0, size: 0, op: 0, tenant: 0 };
  let delimiter: Delimiter | undefined;
  let hasHeader: boolean | undefined;
  let timeUnit = 1;
  // A comma may be a value itself, as in `delimiter=,`.
  for (const part of text.replaceAll('delimiter=,', 'delimiter=comma').split(',')) {
    const [rawName = '', rawValue = ''] = part.split('=', 2);
    const name = rawName.trim().toLowerCase();
    const value = name === 'delimiter' ? rawValue : rawValue.trim().toLowerCase();
    const key = KEYS[name];
    if (key !== undefined && /^[1-9]\d?$/.test(value)) columns[key] = Number(value);
    else if (name === 'delimiter' && DELIMITERS[value] !== undefined) delimiter = DELIMITERS[value];
    else if (name === 'has-header' && /^(?:true|false|1|0)$/.test(value)) {
      hasHeader = value === 'true' || value === '1';
    } else if (name === 'time-unit' && TIME_UNITS[value] !== undefined) {
      timeUnit = TIME_UNITS[value];
    } else if (name === 'obj-id-is-num' || name === 'trace-type') {
      // Ids that are numbers are recognized; the type has an option of its own.
    } else throw new RangeError(`'${part}' is no column; it takes ${COLUMNS_FORM}`);
  }
  if (columns.id === 0) throw new RangeError(`obj-id-col is missing; it takes ${COLUMNS_FORM}`);
  return { ...columns, delimiter, hasHeader, timeUnit };
}

/** Names of columns as traces have them, in lower case without `-` and `_`. */
const HEADER_NAMES: Readonly<Record<ColumnKey, readonly string[]>> = {
  time: ['time', 'timestamp', 'ts', 'clocktime'],
  id: ['objid', 'id', 'key', 'page', 'lbn', 'lba', 'block', 'object', 'address', 'pageid'],
  size: ['size', 'objsize', 'length', 'len', 'bytes'],
  op: ['op', 'operation', 'cmd', 'type', 'rw', 'iotype', 'opcode'],
  tenant: ['tenant', 'tenantid', 'client', 'user', 'export', 'namespace', 'volume', 'usecase'],
};

/** The first of these that the line has, else blanks. */
export function delimiterOf(line: string): Delimiter {
  const found = ([',', ';', '\t', '|'] as const).find((delimiter) => line.includes(delimiter));
  return found ?? ' ';
}

/** Columns by the names in a first line; undefined if it names no id. */
export function columnsOfHeader(line: string): ColumnMap | undefined {
  const delimiter = delimiterOf(line);
  const parts = delimiter === ' ' ? line.trim().split(/\s+/) : line.split(delimiter);
  const names = parts.map((name) =>
    name
      .trim()
      .toLowerCase()
      .replaceAll(/[-_"' ]/g, ''),
  );
  const column = (key: ColumnKey): number =>
    1 + names.findIndex((name) => HEADER_NAMES[key].includes(name));
  const id = column('id');
  if (id === 0) return undefined;
  return {
    time: column('time'),
    id,
    size: column('size'),
    op: column('op'),
    tenant: column('tenant'),
    delimiter,
    hasHeader: true,
    timeUnit: 1,
  };
}

/** The same map with what a first line tells of it filled in. */
export function completeColumns(columns: ColumnMap, firstLine: string): ColumnMap {
  const delimiter = columns.delimiter ?? delimiterOf(firstLine);
  const parts = delimiter === ' ' ? firstLine.trim().split(/\s+/) : firstLine.split(delimiter);
  const isNumber = (column: number): boolean =>
    column === 0 || /^\s*-?[\d.]+\s*$/.test(parts[column - 1] ?? '');
  const namesColumns = columnsOfHeader(firstLine) !== undefined;
  const isHeader = namesColumns || !isNumber(columns.time) || !isNumber(columns.size);
  return { ...columns, delimiter, hasHeader: columns.hasHeader ?? isHeader };
}
