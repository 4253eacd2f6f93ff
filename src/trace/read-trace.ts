/**
 * Reading a trace: its beginning says what format it is, then its bytes go through that format's
 * decoder. Where the bytes come from is the caller's.
 */
import { ZswapError } from '../std/error.ts';
import { formatNamed, recognizeFormat } from './formats/index.ts';
import {
  traceError,
  type DecoderContext,
  type TraceDecoder,
  type TraceFormat,
  type TraceHead,
  type TraceUnit,
} from './format.ts';
import { TenantTable } from './record.ts';
import { ReferenceBuilder, type ReferenceTrace } from './references.ts';
import type { ColumnMap } from './text/columns.ts';
import { csv } from './formats/cache/csv.ts';

/** Bytes that a format is recognized by. */
const HEAD_BYTES = 64 * 1024;
const HEAD_LINES = 20;

/** Bytes of a trace, in order, decompressed. */
export interface TraceSource {
  /** For messages. */
  readonly path: string;
  /** Without folders and endings of compression: formats may be recognized by it. */
  readonly name: string;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface ReadOptions {
  /** By name; recognized if not given. */
  readonly format?: string | undefined;
  readonly columns?: ColumnMap | undefined;
  /** What a reference is; the format's own if not given. */
  readonly unit?: TraceUnit | undefined;
  /** References at most. Default: all. */
  readonly limit?: number | undefined;
  /** Take what comes before the first error, and say so instead of failing. */
  readonly partial?: boolean | undefined;
  /** Called now and then with the references that there are so far. */
  readonly onProgress?: ((references: number) => void) | undefined;
}

/** A trace with what is known of it. */
export interface ReadTrace {
  readonly path: string;
  readonly format: TraceFormat;
  readonly unit: TraceUnit;
  readonly trace: ReferenceTrace;
  /** Where and why reading stopped, if `partial` was given and it did. */
  readonly stopped: string | undefined;
}

/**
 * Reads a trace to its end.
 *
 * @throws ZswapError `ZSWAP_TRACE` in one sentence that names the file, the place in it and what
 *   was expected there
 * @throws RangeError for a format that there is not
 */
export async function readTrace(source: TraceSource, options: ReadOptions): Promise<ReadTrace> {
  const chunks = source.chunks[Symbol.asyncIterator]();
  try {
    const { head, isWhole } = await readHead(chunks);
    const format = chooseFormat(source, head, isWhole, options);
    const unit = options.unit ?? format.unit;
    if (unit === 'page' && !format.hasRanges) {
      throw traceError(source.path, undefined, `${format.name} names objects, not byte ranges`);
    }
    const tenants = new TenantTable();
    const limit = options.limit ?? Infinity;
    const builder = new ReferenceBuilder({ unit, ownIds: format.ownIds, tenants, limit });
    const decoder = format.createDecoder({
      sink: builder,
      tenants,
      columns: options.columns,
      fail: (place, message) => {
        throw traceError(source.path, place, message);
      },
    } satisfies DecoderContext);
    const stopped = await decode(source, decoder, { head, chunks, builder }, options);
    const trace = builder.finish();
    if (trace.referenceCount === 0)
      throw traceError(source.path, undefined, 'it has no references');
    return { path: source.path, format, unit, trace, stopped };
  } finally {
    await chunks.return?.();
  }
}

interface Decoding {
  readonly head: Uint8Array;
  readonly chunks: AsyncIterator<Uint8Array>;
  readonly builder: ReferenceBuilder;
}

/** Feeds the decoder; the reason why it stopped early, if it may. */
async function decode(
  source: TraceSource,
  decoder: TraceDecoder,
  { head, chunks, builder }: Decoding,
  options: ReadOptions,
): Promise<string | undefined> {
  try {
    decoder.push(head);
    while (!builder.isFull) {
      options.onProgress?.(builder.referenceCount);
      const next = await chunks.next();
      if (next.done === true) {
        decoder.end();
        return undefined;
      }
      decoder.push(next.value);
    }
    return undefined;
  } catch (error) {
    const known = asTraceError(source, error);
    if (known === undefined) throw error;
    if (options.partial !== true) throw known;
    return known.message;
  }
}

/** What a decoder throws for a broken trace; undefined for anything else. */
function asTraceError(source: TraceSource, error: unknown): ZswapError | undefined {
  if (error instanceof ZswapError && error.code === 'ZSWAP_TRACE') return error;
  if (!(error instanceof RangeError)) return undefined;
  return traceError(source.path, undefined, error.message);
}

async function readHead(
  chunks: AsyncIterator<Uint8Array>,
): Promise<{ readonly head: Uint8Array; readonly isWhole: boolean }> {
  const parts: Uint8Array[] = [];
  let length = 0;
  let isWhole = false;
  while (length < HEAD_BYTES && !isWhole) {
    const next = await chunks.next();
    if (next.done === true) isWhole = true;
    else {
      parts.push(next.value.slice());
      length += next.value.length;
    }
  }
  const head = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    head.set(part, at);
    at += part.length;
  }
  return { head, isWhole };
}

function chooseFormat(
  source: TraceSource,
  bytes: Uint8Array,
  isWhole: boolean,
  options: ReadOptions,
): TraceFormat {
  if (options.format !== undefined) return formatNamed(options.format);
  if (options.columns !== undefined) return csv;
  const head: TraceHead = { name: source.name, bytes, isWhole, lines: headLines(bytes, isWhole) };
  try {
    return recognizeFormat(head);
  } catch (error) {
    if (!(error instanceof ZswapError)) throw error;
    throw new ZswapError(error.code, error.message.replace(source.name, source.path), {
      cause: error,
    });
  }
}

/** The first whole lines of a text, without remarks and empty ones; none of anything else. */
function headLines(bytes: Uint8Array, isWhole: boolean): readonly string[] {
  const probe = bytes.subarray(0, 4096);
  const isText = probe.every(
    (byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d,
  );
  if (!isText) return [];
  let text = '';
  for (const byte of bytes.subarray(0, 16 * 1024)) text += String.fromCharCode(byte);
  const lines = text.split('\n');
  if (!isWhole || bytes.length > text.length) lines.pop();
  const whole = lines.map((line) => line.replace(/\r$/, ''));
  return whole.filter((line) => line !== '' && !line.startsWith('#')).slice(0, HEAD_LINES);
}
