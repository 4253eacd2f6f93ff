/**
 * The plainest trace: a page or object on each line, then `r` or `w` where known, then a tenant.
 * The traces of the LIRS paper are of this kind, with `*` at their end.
 */
import { OP_READ, createRecord } from '../../record.ts';
import { lineDecoder, refuseLine, type TraceFormat } from '../../format.ts';
import { delimiterOf } from '../../text/columns.ts';
import { Fields, type Delimiter } from '../../text/fields.ts';
import type { Line } from '../../text/lines.ts';
import { parseOp } from '../../text/operation.ts';

const STAR = 0x2a;
const FORM = 'page[,r|w|d[,tenant]]';
const LINE =
  /^\s*(?:\d+|0[xX][0-9a-fA-F]+)\s*(?:[,;\t ]\s*[a-zA-Z]{1,8}\s*(?:[,;\t ]\s*[^,;\s]+)?)?\s*$/;

export const plain: TraceFormat = {
  name: 'plain',
  summary: `${FORM} a line; one number a line is enough`,
  unit: 'object',
  traffic: 'memory',
  hasRanges: false,
  ownIds: false,
  matches: ({ lines }) =>
    lines.length > 0 && lines.every((line) => line === '*' || LINE.test(line)),
  createDecoder: (context) => {
    const record = createRecord();
    const fields = new Fields();
    const ops = new Map<string, ReturnType<typeof parseOp>>();
    let delimiter: Delimiter | undefined;
    return lineDecoder(context, (line) => {
      if (line.bytes[line.start] === STAR && line.end - line.start === 1) return;
      delimiter ??= delimiterOf(textOf(line));
      fields.split(line, delimiter);
      if (!fields.id(0, record) || fields.count > 3) refuseLine(context, line, FORM);
      record.op = OP_READ;
      if (fields.count > 1) {
        const word = fields.text(1);
        if (!ops.has(word)) ops.set(word, parseOp(word));
        record.op = ops.get(word) ?? refuseLine(context, line, FORM);
      }
      record.tenant = fields.count > 2 ? context.tenants.number(fields.text(2)) : 0;
      context.sink.add(record);
    });
  },
};

/** A line as text, to look at once. */
export function textOf({ bytes, start, end }: Line): string {
  let text = '';
  for (let at = start; at < end; at += 1) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}
