/**
 * Text with columns: which is which comes from the command line, or from the names in the first
 * line.
 */
import { OP_READ, createRecord, type TraceOp } from '../../record.ts';
import {
  lineDecoder,
  refuseLine,
  type DecoderContext,
  type TraceDecoder,
  type TraceFormat,
} from '../../format.ts';
import {
  COLUMNS_FORM,
  columnsOfHeader,
  completeColumns,
  type ColumnMap,
} from '../../text/columns.ts';
import { Fields } from '../../text/fields.ts';
import type { Line } from '../../text/lines.ts';
import { OP_FORM, parseOp } from '../../text/operation.ts';
import { textOf } from './plain.ts';

export const csv: TraceFormat = {
  name: 'csv',
  summary: 'columns by the names in the first line, or by --columns',
  unit: 'object',
  traffic: 'memory',
  hasRanges: false,
  ownIds: false,
  matches: ({ lines }) =>
    lines.length > 0 &&
    /[,;\t|]/.test(lines[0] ?? '') &&
    columnsOfHeader(lines[0] ?? '') !== undefined,
  createDecoder,
};

function createDecoder(context: DecoderContext): TraceDecoder {
  const reader = new ColumnReader(context);
  let columns: ColumnMap | undefined;
  return lineDecoder(context, (line) => {
    if (columns !== undefined) {
      reader.read(line, columns);
      return;
    }
    const text = textOf(line);
    columns =
      context.columns === undefined
        ? columnsOfHeader(text)
        : completeColumns(context.columns, text);
    if (columns === undefined) {
      refuseLine(
        context,
        line,
        `a first line with the names of columns, or --columns ${COLUMNS_FORM}`,
      );
    }
    if (columns.hasHeader !== true) reader.read(line, columns);
  });
}

class ColumnReader {
  readonly #context: DecoderContext;
  readonly #record = createRecord();
  readonly #fields = new Fields();
  readonly #ops = new Map<string, TraceOp | undefined>();

  constructor(context: DecoderContext) {
    this.#context = context;
  }

  read(line: Line, columns: ColumnMap): void {
    const context = this.#context;
    const record = this.#record;
    const fields = this.#fields;
    fields.split(line, columns.delimiter ?? ',');
    if (!fields.id(columns.id - 1, record)) {
      refuseLine(context, line, `an object in column ${columns.id}`);
    }
    if (columns.time > 0) {
      const time = fields.number(columns.time - 1);
      if (Number.isNaN(time)) refuseLine(context, line, `a time in column ${columns.time}`);
      record.time = time * columns.timeUnit;
    }
    if (columns.size > 0) {
      record.bytes = fields.number(columns.size - 1);
      if (!(record.bytes >= 0)) refuseLine(context, line, `a size in column ${columns.size}`);
    }
    record.op = columns.op > 0 ? this.#op(line, columns.op) : OP_READ;
    if (columns.tenant > 0) record.tenant = context.tenants.number(fields.text(columns.tenant - 1));
    context.sink.add(record);
  }

  #op(line: Line, column: number): TraceOp {
    const word = this.#fields.text(column - 1);
    let op = this.#ops.get(word);
    if (op === undefined) {
      op = parseOp(word) ?? refuseLine(this.#context, line, `${OP_FORM} in column ${column}`);
      this.#ops.set(word, op);
    }
    return op;
  }
}
