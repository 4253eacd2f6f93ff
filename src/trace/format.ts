/**
 * The contract of a trace format: how it is recognized, what its records are about, and a decoder
 * that turns bytes into records. Formats are pure; where bytes come from is not theirs.
 */
import { ZswapError } from '../std/error.ts';
import type { ColumnMap } from './text/columns.ts';
import { LineSplitter, type Line } from './text/lines.ts';
import type { TenantTable, TraceRecord } from './record.ts';

/** What one reference is to: a record's object whole, or each 4 KiB page of its byte range. */
export type TraceUnit = 'object' | 'page';

/**
 * Where the references were seen. `memory`: above a memory of page frames, so a replay begins with
 * one. `swap`: at a swap device, so writes are swap-outs and reads swap-ins already.
 */
export type TraceTraffic = 'memory' | 'swap';

/** The beginning of a trace, to recognize its format by. */
export interface TraceHead {
  /** Name of the file, without folders and endings that say how it is compressed. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The whole trace is in `bytes`. */
  readonly isWhole: boolean;
  /** Its first whole lines, without empty ones; none where it is not text. */
  readonly lines: readonly string[];
}

/** Takes records, in the order of the trace. It must have done with the record on return. */
export interface RecordSink {
  add(record: TraceRecord): void;
  /** Facts that a trace tells about itself and a replay starts from. */
  describe(facts: TraceFacts): void;
}

/** What a recording says of the daemon that made it. All fields are as `/api/stats` names them. */
export interface TraceFacts {
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly exports: readonly TraceExport[];
  /** Events that the recorder had no room for. */
  readonly lost: number;
}

export interface TraceExport {
  readonly name: string;
  readonly sizeBytes: number;
  /** Compressed bytes it may hold; undefined: no limit. */
  readonly zswapMax: number | undefined;
  readonly zswapWriteback: boolean;
}

/** What a decoder is given. */
export interface DecoderContext {
  readonly sink: RecordSink;
  readonly tenants: TenantTable;
  /** From the command line, for formats whose columns can be chosen. */
  readonly columns: ColumnMap | undefined;
  /** Ends reading with one error that names the file and the place. */
  fail(place: Place, message: string): never;
}

/** A place in a trace, after decompression. */
export type Place = { readonly line: number } | { readonly offset: number };

/** Turns bytes into records. */
export interface TraceDecoder {
  /** Takes the next bytes of the trace; they may change after it returns. */
  push(chunk: Uint8Array): void;
  /** There are no more. */
  end(): void;
}

export interface TraceFormat {
  readonly name: string;
  /** One line, for the list of formats. */
  readonly summary: string;
  /** What a reference is where the caller does not say. */
  readonly unit: TraceUnit;
  readonly traffic: TraceTraffic;
  /** Records have byte ranges, so each page of them can be a reference. */
  readonly hasRanges: boolean;
  /** Tenants have things of their own: the same id of two tenants is two things. */
  readonly ownIds: boolean;
  /** Whether this could be the beginning of such a trace. Cheap, and rather no than a wrong yes. */
  matches(head: TraceHead): boolean;
  createDecoder(context: DecoderContext): TraceDecoder;
}

/** The one error of a trace that cannot be read. */
export function traceError(file: string, place: Place | undefined, message: string): ZswapError {
  const where =
    place === undefined ? '' : 'line' in place ? `:${place.line}` : `: byte ${place.offset}`;
  return new ZswapError('ZSWAP_TRACE', `${file}${where}: ${message}`);
}

/** A decoder of lines: `onLine` gets each one that is neither empty nor a remark (`#`). */
export function lineDecoder(
  context: DecoderContext,
  onLine: (line: Line) => void,
  onEnd: () => void = () => {},
): TraceDecoder {
  const splitter = new LineSplitter(
    (line) => {
      if (line.end > line.start && line.bytes[line.start] !== REMARK) onLine(line);
    },
    (number) => context.fail({ line: number }, 'expected a line of text, found one without an end'),
  );
  return {
    push: (chunk) => splitter.push(chunk),
    end: () => {
      splitter.end();
      onEnd();
    },
  };
}

const REMARK = 0x23;

/** What was found instead, for messages: a line's text, cut where it is long. */
export function quoteLine(line: Line): string {
  const most = 60;
  let text = '';
  for (let at = line.start; at < Math.min(line.end, line.start + most); at += 1) {
    const byte = line.bytes[at] ?? 0;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?';
  }
  return line.end - line.start > most ? `'${text}…'` : `'${text}'`;
}

/** Refuses a line: says what was expected and what is there. */
export function refuseLine(context: DecoderContext, line: Line, expected: string): never {
  return context.fail({ line: line.number }, `expected ${expected}, found ${quoteLine(line)}`);
}

/** A decoder of records of one size, little endian. */
export function recordDecoder(
  context: DecoderContext,
  recordBytes: number,
  from: number,
  onRecord: (view: DataView, at: number, offset: number) => void,
): TraceDecoder {
  const carry = new Uint8Array(recordBytes);
  const carryView = new DataView(carry.buffer);
  let carried = 0;
  let offset = from;
  return {
    push: (chunk) => {
      let at = 0;
      if (carried > 0) {
        const take = Math.min(recordBytes - carried, chunk.length);
        carry.set(chunk.subarray(0, take), carried);
        carried += take;
        at = take;
        if (carried < recordBytes) return;
        onRecord(carryView, 0, offset);
        offset += recordBytes;
        carried = 0;
      }
      const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (; at + recordBytes <= chunk.length; at += recordBytes) {
        onRecord(view, at, offset);
        offset += recordBytes;
      }
      carry.set(chunk.subarray(at));
      carried = chunk.length - at;
    },
    end: () => {
      if (carried === 0) return;
      context.fail(
        { offset },
        `expected a record of ${recordBytes} bytes, found the end after ${carried}`,
      );
    },
  };
}
