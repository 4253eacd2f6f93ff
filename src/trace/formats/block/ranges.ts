/**
 * Block traces of one line a request, each with its columns in its own order: they differ in which
 * column is what and in units, and in nothing else.
 */
import {
  OP_READ,
  OP_WRITE,
  SECTOR_BYTES,
  createRecord,
  setRange,
  type TraceOp,
} from '../../record.ts';
import {
  lineDecoder,
  refuseLine,
  type DecoderContext,
  type TraceDecoder,
  type TraceFormat,
} from '../../format.ts';
import { Fields, type Delimiter } from '../../text/fields.ts';

/** Where a request's parts are, columns from 0. */
interface RangeColumns {
  readonly form: string;
  readonly delimiter: Delimiter;
  /** Columns there are at least. */
  readonly count: number;
  readonly offset: number;
  readonly offsetUnit: number;
  readonly length: number;
  readonly lengthUnit: number;
  readonly op: number;
  /** First byte of the operation's column, in lower case, for reads and for writes. */
  readonly opBytes: string;
  readonly time: number;
  readonly timeUnit: number;
  /** Columns that together are the device, which is the tenant. */
  readonly device: readonly number[];
  /** The first line names columns. */
  readonly header?: RegExp;
}

interface RangeTrace {
  readonly name: string;
  readonly summary: string;
  readonly line: RegExp;
  readonly columns: RangeColumns;
}

/** 100 ns, the unit of Windows' file times. */
const FILE_TIME = 1e-7;

const TRACES: readonly RangeTrace[] = [
  {
    name: 'msr',
    summary: 'MSR Cambridge (SNIA): ts,host,disk,Read|Write,offset,size,response',
    line: /^\d{15,},[^,]+,\d+,(?:Read|Write),\d+,\d+,\d+$/i,
    columns: {
      form: 'timestamp,host,disk,Read|Write,offset,size,response time',
      delimiter: ',',
      count: 6,
      offset: 4,
      offsetUnit: 1,
      length: 5,
      lengthUnit: 1,
      op: 3,
      opBytes: 'rw',
      time: 0,
      timeUnit: FILE_TIME,
      device: [1, 2],
    },
  },
  {
    name: 'systor17',
    summary: "SYSTOR'17: Timestamp,Response,IOType,LUN,Offset,Size",
    line: /^(?:Timestamp,Response,IOType,LUN,Offset,Size|[\d.]+,[\d.]*,[RW],\d+,\d+,\d+)$/i,
    columns: {
      form: 'timestamp,response,R|W,LUN,offset,size',
      delimiter: ',',
      count: 6,
      offset: 4,
      offsetUnit: 1,
      length: 5,
      lengthUnit: 1,
      op: 2,
      opBytes: 'rw',
      time: 0,
      timeUnit: 1,
      device: [3],
      header: /^timestamp,/i,
    },
  },
  {
    name: 'spc',
    summary: 'UMass and the Storage Performance Council: asu,lba,size,r|w,ts',
    line: /^\d+,\d+,\d+,[rRwW],[\d.]+(?:,.*)?$/,
    columns: {
      form: 'application unit,sector,bytes,r|w,seconds',
      delimiter: ',',
      count: 5,
      offset: 1,
      offsetUnit: SECTOR_BYTES,
      length: 2,
      lengthUnit: 1,
      op: 3,
      opBytes: 'rw',
      time: 4,
      timeUnit: 1,
      device: [0],
    },
  },
  {
    name: 'alibaba',
    summary: 'Alibaba block storage: device,R|W,offset,length,microseconds',
    line: /^\d+,[RW],\d+,\d+,\d{15,}$/,
    columns: {
      form: 'device,R|W,offset,length,microseconds',
      delimiter: ',',
      count: 5,
      offset: 2,
      offsetUnit: 1,
      length: 3,
      lengthUnit: 1,
      op: 1,
      opBytes: 'rw',
      time: 4,
      timeUnit: 1e-6,
      device: [0],
    },
  },
  {
    name: 'tencent',
    summary: 'Tencent block storage: seconds,sector,sectors,0|1,volume',
    line: /^\d{9,10},\d+,\d+,[01],\d+$/,
    columns: {
      form: 'seconds,sector,sectors,0 (read) or 1 (write),volume',
      delimiter: ',',
      count: 5,
      offset: 1,
      offsetUnit: SECTOR_BYTES,
      length: 2,
      lengthUnit: SECTOR_BYTES,
      op: 3,
      opBytes: '01',
      time: 0,
      timeUnit: 1,
      device: [4],
    },
  },
];

export const RANGE_FORMATS: readonly TraceFormat[] = TRACES.map(
  ({ name, summary, line, columns }): TraceFormat => ({
    name,
    summary,
    unit: 'page',
    traffic: 'memory',
    hasRanges: true,
    ownIds: true,
    matches: ({ lines }) => lines.length > 0 && lines.every((each) => line.test(each)),
    createDecoder: (context) => createRanges(context, columns),
  }),
);

function createRanges(context: DecoderContext, columns: RangeColumns): TraceDecoder {
  const record = createRecord();
  const fields = new Fields();
  const devices = new Map<string, number>();
  const opOf = opReader(columns.opBytes);
  const header = columns.header;
  return lineDecoder(context, (line) => {
    fields.split(line, columns.delimiter);
    if (line.number === 1 && header !== undefined && header.test(`${fields.text(0)},`)) return;
    const offset = fields.whole(columns.offset) * columns.offsetUnit;
    const length = fields.whole(columns.length) * columns.lengthUnit;
    const time = fields.number(columns.time) * columns.timeUnit;
    const op = opOf(fields.first(columns.op));
    const isWhole = fields.count >= columns.count && offset >= 0 && length >= 0 && time >= 0;
    if (!isWhole || op === undefined || offset + length > Number.MAX_SAFE_INTEGER) {
      refuseLine(context, line, columns.form);
    }
    let device = '';
    for (const column of columns.device) {
      device = device === '' ? fields.text(column) : `${device}.${fields.text(column)}`;
    }
    let tenant = devices.get(device);
    if (tenant === undefined) {
      tenant = context.tenants.number(device);
      devices.set(device, tenant);
    }
    setRange(record, offset, length);
    record.tenant = tenant;
    record.time = time;
    record.op = op;
    context.sink.add(record);
  });
}

const UPPER_TO_LOWER = 0x20;

function opReader(opBytes: string): (byte: number) => TraceOp | undefined {
  const reads = opBytes.charCodeAt(0);
  const writes = opBytes.charCodeAt(1);
  return (byte) => {
    const lower = byte | UPPER_TO_LOWER;
    if (lower === reads) return OP_READ;
    return lower === writes ? OP_WRITE : undefined;
  };
}
