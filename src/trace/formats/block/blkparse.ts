/**
 * The text that `blkparse` makes of what `blktrace` saw of a block device, in its default form:
 *
 *     8,16  1  42  0.000123456  697  Q  WS  223490 + 8 [kswapd0]
 *
 * Each request passes several places; the first of Q (queued), D (issued) and C (completed) that a
 * trace has is the one that counts. Flushes and what has no sectors are passed over, and so is the
 * summary at the end.
 */
import { OP_READ, OP_TRIM, OP_WRITE, SECTOR_BYTES, createRecord, setRange } from '../../record.ts';
import type { TraceOp } from '../../record.ts';
import {
  lineDecoder,
  refuseLine,
  type DecoderContext,
  type TraceDecoder,
  type TraceFormat,
} from '../../format.ts';
import { Fields } from '../../text/fields.ts';
import { textOf } from '../cache/plain.ts';

const LINE =
  /^\s*\d+,\d+\s+\d+\s+\d+\s+\d+\.\d+\s+\d+\s+[A-Z]{1,2}\s+[A-Z]{1,5}(?:\s+\d+ \+ \d+)?(?:\s|$)/;
const COUNTED = 'QDC';
const FORM = 'device cpu number seconds pid action RWBS sector + sectors [process]';
const SUMMARY = /^(?:CPU\d* |Total |Throughput |Events )/;

const DISCARD = 0x44;
const READ = 0x52;
const WRITE = 0x57;

export const blkparse: TraceFormat = {
  name: 'blkparse',
  summary: 'the text of blkparse (blktrace -d DEVICE -o - | blkparse -i -)',
  unit: 'page',
  traffic: 'swap',
  hasRanges: true,
  ownIds: true,
  matches: ({ lines }) => LINE.test(lines[0] ?? ''),
  createDecoder,
};

function createDecoder(context: DecoderContext): TraceDecoder {
  const record = createRecord();
  const fields = new Fields();
  let counted = 0;
  let summary = false;
  return lineDecoder(context, (line) => {
    if (summary) return;
    fields.split(line, ' ');
    const time = fields.number(3);
    if (fields.count < 6 || !(time >= 0)) {
      summary = SUMMARY.test(textOf(line));
      if (summary) return;
      refuseLine(context, line, FORM);
    }
    const action = fields.first(5);
    const isCounted = COUNTED.includes(String.fromCharCode(action)) && fields.text(5).length === 1;
    if (!isCounted || (counted !== 0 && action !== counted)) return;
    const op = opOf(fields.text(6));
    if (op === undefined || fields.text(8) !== '+') return;
    const sector = fields.whole(7);
    const sectors = fields.whole(9);
    const end = (sector + sectors) * SECTOR_BYTES;
    if (!(end <= Number.MAX_SAFE_INTEGER)) refuseLine(context, line, FORM);
    counted = action;
    setRange(record, sector * SECTOR_BYTES, sectors * SECTOR_BYTES);
    record.op = op;
    record.time = time;
    record.tenant = context.tenants.number(fields.text(0));
    context.sink.add(record);
  });
}

/** `D` is a discard only where it comes first or after a flush; behind `W` there is none. */
function opOf(rwbs: string): TraceOp | undefined {
  for (let at = 0; at < rwbs.length; at += 1) {
    const code = rwbs.charCodeAt(at);
    if (code === DISCARD) return OP_TRIM;
    if (code === READ) return OP_READ;
    if (code === WRITE) return OP_WRITE;
  }
  return undefined;
}
