/**
 * libCacheSim's LCS: a header between two magic numbers, then records of one size.
 *
 * There are three generations of the header. The first says with a format string which fields a
 * record has and which of them is what, a tenant among them; in the later two, of 1024 and of 8192
 * bytes, a version stands for the fields.
 */
import { OP_READ, OP_TRIM, OP_WRITE, createRecord, type TraceOp } from '../../record.ts';
import {
  recordDecoder,
  type DecoderContext,
  type TraceDecoder,
  type TraceFormat,
} from '../../format.ts';

const MAGIC = 0x1234_5678_9abc_def0n;
const SMALL_HEADER_BYTES = 1024;
const LARGE_HEADER_BYTES = 8192;
const FORMAT_AT = 8;
const FORMAT_BYTES = 240;
const FIELDS_AT = 248;
const RECORD_BYTES_AT = 1004;

/** Fields by version: time, object, size, then operation and tenant in one word. */
const VERSION_FORMATS = ['<IQIq', '<IQIIq', '<IQqIIq', '<IQqIIqI', '<IQqIIqII'] as const;
const MORE_FEATURES = [4, 8, 16] as const;

/** libCacheSim's numbers of operations: which are writes, which drop. */
const WRITES: ReadonlySet<number> = new Set([3, 4, 5, 6, 7, 8, 10, 11, 13, 14]);
const DROPS: ReadonlySet<number> = new Set([9]);

/** Where in a record each field lies; -1: it has none. */
interface Layout {
  readonly recordBytes: number;
  readonly time: Field | undefined;
  readonly id: Field;
  readonly size: Field | undefined;
  readonly op: Field | undefined;
  readonly tenant: Field | undefined;
  /** Operation and tenant share a word: 8 and 24 bits. */
  readonly packed: Field | undefined;
}

interface Field {
  readonly at: number;
  readonly type: string;
}

export const lcs: TraceFormat = {
  name: 'lcs',
  summary: "libCacheSim's LCS, with its header; tenants where it has them",
  unit: 'object',
  traffic: 'memory',
  hasRanges: false,
  ownIds: false,
  matches: ({ bytes }) => bytes.length >= 8 && viewOf(bytes).getBigUint64(0, true) === MAGIC,
  createDecoder,
};

function createDecoder(context: DecoderContext): TraceDecoder {
  let header = new Uint8Array(0);
  let records: TraceDecoder | undefined;
  return {
    push: (chunk) => {
      if (records !== undefined) {
        records.push(chunk);
        return;
      }
      const joined = new Uint8Array(header.length + chunk.length);
      joined.set(header);
      joined.set(chunk, header.length);
      header = joined;
      if (header.length < LARGE_HEADER_BYTES) return;
      records = beginRecords(context, header);
    },
    end: () => {
      records ??= beginRecords(context, header);
      records.end();
    },
  };
}

/** Reads the header and what of the records came with it. */
function beginRecords(context: DecoderContext, bytes: Uint8Array): TraceDecoder {
  const view = viewOf(bytes);
  if (bytes.length < SMALL_HEADER_BYTES) {
    context.fail({ offset: bytes.length }, 'expected an LCS header of 1024 bytes, found the end');
  }
  if (view.getBigUint64(0, true) !== MAGIC) {
    context.fail({ offset: 0 }, "expected LCS's magic number 0x123456789abcdef0");
  }
  const isSmall = view.getBigUint64(SMALL_HEADER_BYTES - 8, true) === MAGIC;
  const isLarge =
    bytes.length >= LARGE_HEADER_BYTES && view.getBigUint64(LARGE_HEADER_BYTES - 8, true) === MAGIC;
  if (!isSmall && !isLarge) {
    context.fail(
      { offset: SMALL_HEADER_BYTES - 8 },
      'expected the magic number at the end of an LCS header of 1024 or 8192 bytes',
    );
  }
  const headerBytes = isSmall ? SMALL_HEADER_BYTES : LARGE_HEADER_BYTES;
  const layout = layoutOf(context, view);
  const decoder = createRecords(context, layout, headerBytes);
  decoder.push(bytes.subarray(headerBytes));
  return decoder;
}

function layoutOf(context: DecoderContext, view: DataView): Layout {
  if (view.getUint8(FORMAT_AT) === '<'.charCodeAt(0)) return describedLayout(context, view);
  const version = Number(view.getBigUint64(FORMAT_AT, true));
  let format: string | undefined = VERSION_FORMATS[version - 1];
  const more = MORE_FEATURES[version - VERSION_FORMATS.length - 1];
  if (more !== undefined) format = `${VERSION_FORMATS[2]}${'I'.repeat(more)}`;
  if (format === undefined) {
    context.fail({ offset: FORMAT_AT }, `expected an LCS version from 1 to 8, found ${version}`);
  }
  const fields = fieldsOf(context, format);
  const [time, id, size, packed] = fields;
  return {
    recordBytes: bytesOf(fields),
    time,
    id: id ?? context.fail({ offset: FORMAT_AT }, 'expected a field for the object'),
    size,
    op: undefined,
    tenant: undefined,
    packed: version >= 2 ? packed : undefined,
  };
}

/** A header that describes its fields itself. */
function describedLayout(context: DecoderContext, view: DataView): Layout {
  let format = '';
  for (let at = 0; at < FORMAT_BYTES; at += 1) {
    const code = view.getUint8(FORMAT_AT + at);
    if (code === 0) break;
    format += String.fromCharCode(code);
  }
  const fields = fieldsOf(context, format);
  const recordBytes = bytesOf(fields);
  if (view.getUint32(RECORD_BYTES_AT, true) !== recordBytes) {
    context.fail(
      { offset: RECORD_BYTES_AT },
      `expected ${recordBytes}, the bytes of a record '${format}', found ` +
        String(view.getUint32(RECORD_BYTES_AT, true)),
    );
  }
  const field = (index: number): Field | undefined => fields[view.getUint8(FIELDS_AT + index) - 1];
  const id = field(0);
  if (id === undefined) {
    context.fail({ offset: FIELDS_AT }, `expected the number of the object's field in '${format}'`);
  }
  return {
    recordBytes,
    id,
    size: field(1),
    time: field(2),
    op: field(5),
    tenant: field(7),
    packed: undefined,
  };
}

const TYPE_BYTES: Readonly<Record<string, number>> = {
  c: 1,
  b: 1,
  B: 1,
  h: 2,
  H: 2,
  i: 4,
  I: 4,
  l: 4,
  L: 4,
  q: 8,
  Q: 8,
  f: 4,
  d: 8,
};

/** The fields of a format string of Python's `struct`, which begins with `<`. */
function fieldsOf(context: DecoderContext, format: string): Field[] {
  let at = 0;
  return Array.from(format.slice(1), (type): Field => {
    const bytes = TYPE_BYTES[type];
    if (bytes === undefined) {
      context.fail({ offset: FORMAT_AT }, `expected types such as I and Q, found '${format}'`);
    }
    const field = { at, type };
    at += bytes;
    return field;
  });
}

function bytesOf(fields: readonly Field[]): number {
  return fields.reduce((sum, { type }) => sum + (TYPE_BYTES[type] ?? 0), 0);
}

function createRecords(context: DecoderContext, layout: Layout, from: number): TraceDecoder {
  const record = createRecord();
  const { time, id, size, op, tenant, packed } = layout;
  return recordDecoder(context, layout.recordBytes, from, (view, at) => {
    if (time !== undefined) record.time = read(view, at, time);
    record.idLow = readLow(view, at, id);
    record.idHigh = TYPE_BYTES[id.type] === 8 ? view.getUint32(at + id.at + 4, true) : 0;
    if (size !== undefined) record.bytes = read(view, at, size);
    if (op !== undefined) record.op = opOf(read(view, at, op));
    if (tenant !== undefined) record.tenant = tenantOf(context, read(view, at, tenant));
    if (packed !== undefined) {
      const word = view.getUint32(at + packed.at, true);
      record.op = opOf(word & 0xff);
      record.tenant = tenantOf(context, word >>> 8);
    }
    context.sink.add(record);
  });
}

function tenantOf(context: DecoderContext, number: number): number {
  return context.tenants.number(String(number));
}

function opOf(number: number): TraceOp {
  if (DROPS.has(number)) return OP_TRIM;
  return WRITES.has(number) ? OP_WRITE : OP_READ;
}

function readLow(view: DataView, at: number, field: Field): number {
  return TYPE_BYTES[field.type] === 8
    ? view.getUint32(at + field.at, true)
    : read(view, at, field) >>> 0;
}

function read(view: DataView, at: number, { at: within, type }: Field): number {
  switch (type) {
    case 'Q':
      return Number(view.getBigUint64(at + within, true));
    case 'q':
      return Number(view.getBigInt64(at + within, true));
    case 'I':
    case 'L':
      return view.getUint32(at + within, true);
    case 'i':
    case 'l':
      return view.getInt32(at + within, true);
    case 'H':
      return view.getUint16(at + within, true);
    case 'h':
      return view.getInt16(at + within, true);
    case 'd':
      return view.getFloat64(at + within, true);
    case 'f':
      return view.getFloat32(at + within, true);
    case 'b':
      return view.getInt8(at + within);
    default:
      return view.getUint8(at + within);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
