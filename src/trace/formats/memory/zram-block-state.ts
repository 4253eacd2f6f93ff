/**
 * The kernel's `/sys/kernel/debug/zram/zramN/block_state`: for each block of a zram device when it
 * was last accessed and what is known of it. A snapshot, not a trace: it becomes one write of each
 * block, in the order of those times, so that a replay starts from the device as it was.
 *
 *     300  75.033841 .wh...
 *
 * @see Linux, Documentation/admin-guide/blockdev/zram.rst, "memory tracking"
 */
import { OP_WRITE, createRecord, setRange } from '../../record.ts';
import {
  lineDecoder,
  refuseLine,
  type DecoderContext,
  type TraceDecoder,
  type TraceFormat,
} from '../../format.ts';
import { PAGE_SIZE } from '../../../std/units.ts';
import { Fields } from '../../text/fields.ts';

const LINE = /^\s*\d+\s+\d+\.\d+\s+[.swhirn]{3,8}\s*$/;
const FORM = 'block, seconds, flags such as .wh...';

export const zramBlockState: TraceFormat = {
  name: 'zram-block-state',
  summary: "zram's debug/zram/zramN/block_state, as a write of each block in order of age",
  unit: 'page',
  traffic: 'swap',
  hasRanges: true,
  ownIds: false,
  matches: ({ lines }) => lines.length > 0 && lines.every((line) => LINE.test(line)),
  createDecoder,
};

function createDecoder(context: DecoderContext): TraceDecoder {
  const blocks: { readonly block: number; readonly time: number; readonly flags: string }[] = [];
  const fields = new Fields();
  return lineDecoder(
    context,
    (line) => {
      fields.split(line, ' ');
      const block = fields.whole(0);
      const time = fields.number(1);
      if (fields.count !== 3 || !(block >= 0) || !(time >= 0)) refuseLine(context, line, FORM);
      blocks.push({ block, time, flags: fields.text(2) });
    },
    () => {
      const record = createRecord();
      record.op = OP_WRITE;
      blocks.sort((one, other) => one.time - other.time);
      for (const { block, time, flags } of blocks) {
        record.time = time;
        // Same-filled takes no memory of the pool; huge is what did not compress.
        record.compressedBytes = flags.includes('h') ? PAGE_SIZE : flags.includes('s') ? 0 : -1;
        setRange(record, block * PAGE_SIZE, PAGE_SIZE);
        context.sink.add(record);
      }
    },
  );
}
