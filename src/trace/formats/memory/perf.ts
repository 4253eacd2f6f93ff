/**
 * Page faults from Linux as `perf script` prints them: the tracepoint `exceptions:page_fault_user`
 * (every fault), or `major-faults` sampled with `-d` (those that read from a device). The process
 * is the tenant.
 *
 *     redis 4242 [003] 81.123456: exceptions:page_fault_user: address=0x7f.. ip=0x.. error_code=0x6
 *     redis 4242 81.123456:          1 major-faults:     7f3a5c001000 ...
 */
import { OP_READ, OP_WRITE, createRecord, setRange } from '../../record.ts';
import { lineDecoder, refuseLine, type TraceFormat } from '../../format.ts';
import { textOf } from '../cache/plain.ts';

/** Process, processor and time, as every line begins. */
const BEGINNING = String.raw`\s(\d+)(?:\/\d+)?\s+(?:\[\d+\]\s+)?(\d+\.\d+):\s+`;
const TRACEPOINT = new RegExp(
  BEGINNING +
    String.raw`exceptions:page_fault_(?:user|kernel):\s+address=(?:0x)?([0-9a-f]+)\b` +
    String.raw`.*error_code=(?:0x)?([0-9a-f]+)`,
);
const SAMPLE = new RegExp(
  BEGINNING + String.raw`\d+\s+(?:major-faults|page-faults|minor-faults)(?::\w+)?:\s+([0-9a-f]+)\b`,
);
const FORM = 'a page fault as perf script prints it, with its address';
/** Bit of the error code: the access was a write (x86). */
const WRITE_BIT = 2;
/** User addresses are below this, so that they are exact here. */
const ADDRESS_END = 2 ** 53;

export const perf: TraceFormat = {
  name: 'perf',
  summary: 'perf script of exceptions:page_fault_user, or of major-faults -d',
  unit: 'page',
  traffic: 'memory',
  hasRanges: true,
  ownIds: true,
  matches: ({ lines }) =>
    lines.length > 0 && lines.every((line) => TRACEPOINT.test(line) || SAMPLE.test(line)),
  createDecoder: (context) => {
    const record = createRecord();
    return lineDecoder(context, (line) => {
      const text = textOf(line);
      const match = TRACEPOINT.exec(text) ?? SAMPLE.exec(text);
      const address = Number.parseInt(match?.[3] ?? '', 16);
      if (match === null || !(address < ADDRESS_END)) refuseLine(context, line, FORM);
      record.time = Number(match[2]);
      record.tenant = context.tenants.number(match[1] ?? '');
      const code = Number.parseInt(match[4] ?? '0', 16);
      record.op = (code & WRITE_BIT) === 0 ? OP_READ : OP_WRITE;
      setRange(record, address, 1);
      context.sink.add(record);
    });
  },
};
