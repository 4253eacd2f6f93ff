/**
 * fio's I/O logs, versions 2 and 3, as `write_iolog` makes them: `file action` and
 * `file action offset length`, in version 3 after a time in milliseconds. `wait` moves the time of
 * version 2 on by microseconds.
 *
 * @see fio's documentation, "Trace file format v2" and "v3"
 */
import { OP_READ, OP_TRIM, OP_WRITE, createRecord, setRange, type TraceOp } from '../../record.ts';
import {
  lineDecoder,
  refuseLine,
  type DecoderContext,
  type TraceDecoder,
  type TraceFormat,
} from '../../format.ts';
import { Fields } from '../../text/fields.ts';
import type { Line } from '../../text/lines.ts';
import { textOf } from '../cache/plain.ts';

const FIRST_LINE = /^fio version ([23]) iolog$/;

const MOVES: ReadonlyMap<string, TraceOp> = new Map<string, TraceOp>([
  ['read', OP_READ],
  ['write', OP_WRITE],
  ['trim', OP_TRIM],
]);
/** Actions that move no data. */
const OTHERS: ReadonlySet<string> = new Set([
  'add',
  'open',
  'close',
  'sync',
  'datasync',
  'wait',
  'sync_file_range',
]);

export const fio: TraceFormat = {
  name: 'fio',
  summary: "fio's I/O logs, versions 2 and 3 (write_iolog)",
  unit: 'page',
  traffic: 'swap',
  hasRanges: true,
  ownIds: true,
  matches: ({ lines }) => FIRST_LINE.test(lines[0] ?? ''),
  createDecoder,
};

function createDecoder(context: DecoderContext): TraceDecoder {
  const record = createRecord();
  const fields = new Fields();
  let version = 0;
  let waited = 0;
  return lineDecoder(context, (line) => {
    if (version === 0) {
      const match = FIRST_LINE.exec(textOf(line));
      if (match === null)
        refuseLine(context, line, "'fio version 2 iolog' or 'fio version 3 iolog'");
      version = Number(match[1]);
      return;
    }
    const at = version === 3 ? 1 : 0;
    fields.split(line, ' ');
    const action = fields.text(at + 1);
    const op = MOVES.get(action);
    if (op === undefined) {
      if (!OTHERS.has(action)) refuse(context, line, version);
      if (action === 'wait' && version === 2) waited += fields.whole(2) * 1e-6;
      return;
    }
    const offset = fields.whole(at + 2);
    const length = fields.whole(at + 3);
    record.time = version === 3 ? fields.number(0) * 1e-3 : waited;
    if (!(offset + length <= Number.MAX_SAFE_INTEGER) || !(record.time >= 0)) {
      refuse(context, line, version);
    }
    setRange(record, offset, length);
    record.op = op;
    record.tenant = context.tenants.number(fields.text(at));
    context.sink.add(record);
  });
}

function refuse(context: DecoderContext, line: Line, version: number): never {
  const time = version === 3 ? 'ms ' : '';
  return refuseLine(context, line, `${time}file read|write|trim offset length`);
}
