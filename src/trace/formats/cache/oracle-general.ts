/**
 * libCacheSim's `oracleGeneral`: records of 24 bytes, little endian, without a header:
 *
 *     u32 time (s) | u64 object | u32 size | i64 reference at which the object comes next
 */
import { createRecord } from '../../record.ts';
import { recordDecoder, type TraceFormat, type TraceHead } from '../../format.ts';

const RECORD_BYTES = 24;
const PROBE_RECORDS = 64;

export const oracleGeneral: TraceFormat = {
  name: 'oracleGeneral',
  summary: "libCacheSim's records of 24 bytes: time, object, size, next reference",
  unit: 'object',
  traffic: 'memory',
  hasRanges: false,
  ownIds: false,
  matches: (head) => /oracle-?general/i.test(head.name) || looksLikeRecords(head),
  createDecoder: (context) => {
    const record = createRecord();
    return recordDecoder(context, RECORD_BYTES, 0, (view, at) => {
      record.time = view.getUint32(at, true);
      record.idLow = view.getUint32(at + 4, true);
      record.idHigh = view.getUint32(at + 8, true);
      record.bytes = view.getUint32(at + 12, true);
      context.sink.add(record);
    });
  },
};

/** Times that do not fall, sizes, and next references that lie ahead, in every record. */
function looksLikeRecords({ bytes, lines }: TraceHead): boolean {
  const count = Math.min(PROBE_RECORDS, Math.floor(bytes.length / RECORD_BYTES));
  if (lines.length > 0 || count === 0) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let before = 0;
  for (let record = 0; record < count; record += 1) {
    const at = record * RECORD_BYTES;
    const time = view.getUint32(at, true);
    const next = Number(view.getBigInt64(at + 16, true));
    // No next reference is written as -1 or as the largest number there is.
    const isAhead = next === -1 || next > record;
    if (time < before || view.getUint32(at + 12, true) === 0 || !isAhead) return false;
    before = time;
  }
  return true;
}
