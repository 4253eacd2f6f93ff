/**
 * The traces of the ARC paper: a line for each request, `first block, blocks, ignored, number`, in
 * blocks of 512 bytes.
 *
 * @see Megiddo, Modha, "ARC: a self-tuning, low overhead replacement cache" (FAST 2003)
 */
import { SECTOR_BYTES, createRecord, setRange } from '../../record.ts';
import { lineDecoder, refuseLine, type TraceFormat } from '../../format.ts';
import { Fields } from '../../text/fields.ts';

const FORM = 'first block, blocks, ignored, request number';

export const arc: TraceFormat = {
  name: 'arc',
  summary: "the ARC paper's traces: first block, blocks of 512 bytes, ignored, number",
  unit: 'page',
  traffic: 'memory',
  hasRanges: true,
  ownIds: false,
  matches: ({ lines }) => lines.length > 0 && lines.every((line) => /^\d+ \d+ \d+ \d+$/.test(line)),
  createDecoder: (context) => {
    const record = createRecord();
    const fields = new Fields();
    return lineDecoder(context, (line) => {
      fields.split(line, ' ');
      const offset = fields.whole(0) * SECTOR_BYTES;
      const length = fields.whole(1) * SECTOR_BYTES;
      if (fields.count !== 4 || !(offset + length <= Number.MAX_SAFE_INTEGER)) {
        refuseLine(context, line, FORM);
      }
      setRange(record, offset, length);
      context.sink.add(record);
    });
  },
};
