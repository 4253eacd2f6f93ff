/**
 * Traces of VMware's virtual SCSI disks, and the bare sector numbers that CloudPhysics published.
 *
 *     version 1, 32 bytes: u32 sn | u32 bytes | u32 segments | u16 command | u16 version
 *                          | u64 sector | u64 time (us)
 *     version 2, 40 bytes: u16 command | u16 version | u32 sn | u32 bytes | u32 segments
 *                          | u64 sector | u64 time (us) | u64 response time
 *
 * The version is in the high byte of its field; command numbers are SCSI's.
 *
 * @see Waldspurger, Park, Garthwaite, Ahmad, "Efficient MRC construction with SHARDS" (FAST 2015)
 */
import {
  OP_READ,
  OP_TRIM,
  OP_WRITE,
  SECTOR_BYTES,
  createRecord,
  setId,
  setRange,
  type TraceOp,
} from '../../record.ts';
import {
  recordDecoder,
  type DecoderContext,
  type TraceDecoder,
  type TraceFormat,
  type TraceHead,
} from '../../format.ts';

interface Layout {
  readonly recordBytes: number;
  readonly command: number;
  readonly version: number;
  readonly bytes: number;
  readonly sector: number;
  readonly time: number;
}

const LAYOUTS: readonly Layout[] = [
  { recordBytes: 32, command: 12, version: 14, bytes: 4, sector: 16, time: 24 },
  { recordBytes: 40, command: 0, version: 2, bytes: 8, sector: 16, time: 24 },
];

const PROBE_RECORDS = 8;

/** SCSI's operation codes; others move no data of the disk's contents. */
const COMMANDS: ReadonlyMap<number, TraceOp> = new Map<number, TraceOp>([
  [0x08, OP_READ],
  [0x28, OP_READ],
  [0xa8, OP_READ],
  [0x88, OP_READ],
  [0x0a, OP_WRITE],
  [0x2a, OP_WRITE],
  [0xaa, OP_WRITE],
  [0x8a, OP_WRITE],
  [0x42, OP_TRIM],
]);

/** The layout that the first records have; undefined: it is no such trace. */
function layoutOf({ bytes }: Pick<TraceHead, 'bytes'>): Layout | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return LAYOUTS.find(({ recordBytes, version, command }, index) => {
    const count = Math.min(PROBE_RECORDS, Math.floor(bytes.length / recordBytes));
    for (let record = 0; record < count; record += 1) {
      const at = record * recordBytes;
      if (view.getUint16(at + version, true) >> 8 !== index + 1) return false;
      if (view.getUint16(at + command, true) > 0xff) return false;
    }
    return count > 0;
  });
}

export const vscsi: TraceFormat = {
  name: 'vscsi',
  summary: "VMware's virtual SCSI disks, versions 1 and 2; objects are first sectors",
  unit: 'object',
  traffic: 'memory',
  hasRanges: true,
  ownIds: false,
  matches: (head) => head.lines.length === 0 && layoutOf(head) !== undefined,
  createDecoder,
};

function createDecoder(context: DecoderContext): TraceDecoder {
  let records: TraceDecoder | undefined;
  let head = new Uint8Array(0);
  const begin = (): TraceDecoder => {
    const layout = layoutOf({ bytes: head });
    if (layout === undefined) {
      context.fail({ offset: 0 }, 'expected records of vscsi version 1 or 2 (32 or 40 bytes)');
    }
    const decoder = createRecords(context, layout);
    decoder.push(head);
    return decoder;
  };
  return {
    push: (chunk) => {
      if (records !== undefined) {
        records.push(chunk);
        return;
      }
      const joined = new Uint8Array(head.length + chunk.length);
      joined.set(head);
      joined.set(chunk, head.length);
      head = joined;
      if (head.length >= PROBE_RECORDS * 40) records = begin();
    },
    end: () => {
      if (head.length === 0) return;
      records ??= begin();
      records.end();
    },
  };
}

function createRecords(context: DecoderContext, layout: Layout): TraceDecoder {
  const record = createRecord();
  const { command, bytes, sector, time } = layout;
  return recordDecoder(context, layout.recordBytes, 0, (view, at, offset) => {
    const op = COMMANDS.get(view.getUint16(at + command, true));
    if (op === undefined) return;
    const first =
      view.getUint32(at + sector, true) + view.getUint32(at + sector + 4, true) * 0x1_0000_0000;
    if (first * SECTOR_BYTES > Number.MAX_SAFE_INTEGER) {
      context.fail({ offset: offset + sector }, `expected a sector of a disk, found ${first}`);
    }
    record.op = op;
    record.time =
      (view.getUint32(at + time, true) + view.getUint32(at + time + 4, true) * 0x1_0000_0000) *
      1e-6;
    setRange(record, first * SECTOR_BYTES, view.getUint32(at + bytes, true));
    context.sink.add(record);
  });
}

export const cloudphysics: TraceFormat = {
  name: 'cloudphysics',
  summary: 'bare 32-bit sector numbers, big endian (CloudPhysics as published with LIRS2)',
  unit: 'object',
  traffic: 'memory',
  hasRanges: false,
  ownIds: false,
  // Nothing tells such numbers from others.
  matches: () => false,
  createDecoder: (context) => {
    const record = createRecord();
    return recordDecoder(context, 4, 0, (view, at) => {
      setId(record, view.getUint32(at, false));
      context.sink.add(record);
    });
  },
};
