/**
 * The daemon's own recordings (`zswapd serve --record FILE`): the only format that knows to how
 * many bytes each page was compressed.
 */
import { OP_READ, OP_TRIM, OP_WRITE, createRecord, setRange, type TraceRecord } from '../record.ts';
import type { DecoderContext, TraceDecoder, TraceExport, TraceFormat } from '../format.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import {
  FACTS_BYTES_MAX,
  FORMAT_VERSION,
  HEADER_BYTES,
  MAGIC,
  NAME_BYTES_MAX,
  SIZE_UNKNOWN,
  TAG_END,
  TAG_EXPORT,
  TAG_LOST,
  TAG_READ,
  TAG_TRIM,
  TAG_WRITE,
  TAG_ZERO,
  VARINT_BYTES_MAX,
  type RecordedFacts,
} from '../record/wire.ts';

export const zswapd: TraceFormat = {
  name: 'zswapd',
  summary: "what 'zswapd serve --record FILE' wrote",
  unit: 'page',
  traffic: 'swap',
  hasRanges: true,
  ownIds: true,
  matches: ({ bytes }) => startsWith(bytes, MAGIC),
  createDecoder: (context) => new RecordingDecoder(context),
};

function startsWith(bytes: Uint8Array, text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (bytes[at] !== text.charCodeAt(at)) return false;
  }
  return true;
}

/** The bytes end in the middle of a record; the rest may be in the next chunk. */
class Incomplete extends Error {}
const INCOMPLETE = new Incomplete();

/** An export by its number, with the page after its last event. */
interface KnownExport {
  readonly tenant: number;
  nextPage: number;
}

class RecordingDecoder implements TraceDecoder {
  readonly #context: DecoderContext;
  readonly #record = createRecord();
  readonly #exports = new Map<number, KnownExport>();
  readonly #described: TraceExport[] = [];
  #parameters: RecordedFacts['parameters'] | undefined;
  #lost = 0;
  #timeUs = 0;
  #ended = false;
  /** Bytes that have come and are not done with, from {@link #at} on. */
  #bytes = new Uint8Array(0);
  #at = 0;
  /** Offset in the trace of the first of them. */
  #offset = 0;

  constructor(context: DecoderContext) {
    this.#context = context;
    this.#record.time = 0;
  }

  push(chunk: Uint8Array): void {
    const left = this.#bytes.length - this.#at;
    const joined = new Uint8Array(left + chunk.length);
    joined.set(this.#bytes.subarray(this.#at));
    joined.set(chunk, left);
    this.#offset += this.#at;
    this.#bytes = joined;
    this.#at = 0;
    while (this.#at < joined.length) {
      const start = this.#at;
      try {
        if (this.#parameters === undefined) this.#readHeader();
        else this.#readRecord();
      } catch (error) {
        if (error !== INCOMPLETE) throw error;
        this.#at = start;
        return;
      }
    }
  }

  end(): void {
    if (this.#at < this.#bytes.length) this.#fail('expected the rest of a record, found the end');
    if (this.#parameters === undefined) this.#fail('expected the header of a recording');
  }

  #readHeader(): void {
    this.#need(HEADER_BYTES);
    const view = new DataView(this.#bytes.buffer, this.#at, HEADER_BYTES);
    if (!startsWith(this.#bytes.subarray(this.#at), MAGIC)) this.#fail(`expected '${MAGIC}'`);
    const version = view.getUint16(8, true);
    if (version !== FORMAT_VERSION) {
      this.#fail(`expected version ${FORMAT_VERSION} of the format, found ${version}`);
    }
    const length = view.getUint32(12, true);
    if (length > FACTS_BYTES_MAX) this.#fail(`expected facts of at most ${FACTS_BYTES_MAX} bytes`);
    this.#need(HEADER_BYTES + length);
    this.#at += HEADER_BYTES;
    const text = new TextDecoder().decode(this.#bytes.subarray(this.#at, this.#at + length));
    this.#parameters = this.#parseFacts(text);
    this.#at += length;
    this.#describe();
  }

  #parseFacts(text: string): RecordedFacts['parameters'] {
    let facts: unknown;
    try {
      facts = JSON.parse(text);
    } catch {
      this.#fail('expected facts as JSON');
    }
    const parameters: unknown =
      typeof facts === 'object' && facts !== null && 'parameters' in facts
        ? facts.parameters
        : undefined;
    if (typeof parameters !== 'object' || parameters === null) {
      this.#fail("expected 'parameters' in the facts");
    }
    const isPlain = Object.values(parameters).every((value) =>
      ['string', 'number', 'boolean'].includes(typeof value),
    );
    if (!isPlain) this.#fail('expected parameters that are words, numbers or switches');
    return parameters as RecordedFacts['parameters'];
  }

  #readRecord(): void {
    if (this.#ended) this.#fail('expected nothing after the end of the recording');
    const tag = this.#byte();
    switch (tag) {
      case TAG_EXPORT:
        this.#readExport();
        break;
      case TAG_LOST:
        this.#lost += this.#varint();
        this.#describe();
        break;
      case TAG_END:
        this.#varint();
        this.#varint();
        this.#ended = true;
        break;
      case TAG_READ:
      case TAG_WRITE:
      case TAG_TRIM:
      case TAG_ZERO:
        this.#readEvent(tag);
        break;
      default:
        this.#at -= 1;
        this.#fail(`expected a record, found one of kind ${tag}`);
    }
  }

  #readExport(): void {
    const number = this.#varint();
    const sizeBytes = this.#varint();
    const limit = this.#varint();
    const zswapWriteback = this.#byte() === 1;
    const length = this.#varint();
    if (length > NAME_BYTES_MAX) this.#fail(`expected a name of at most ${NAME_BYTES_MAX} bytes`);
    this.#need(length);
    const name = new TextDecoder().decode(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    this.#exports.set(number, { tenant: this.#context.tenants.number(name), nextPage: 0 });
    const zswapMax = limit === 0 ? undefined : limit - 1;
    this.#described.push({ name, sizeBytes, zswapMax, zswapWriteback });
    this.#describe();
  }

  #readEvent(tag: number): void {
    const elapsedUs = this.#varint();
    const number = this.#varint();
    const jump = this.#varint();
    const pages = this.#varint();
    const known = this.#exports.get(number);
    if (known === undefined) this.#fail(`expected an export that was named, found ${number}`);
    if (tag === TAG_WRITE) this.#need(2 * pages);
    const first = known.nextPage + (jump % 2 === 0 ? jump / 2 : -(jump + 1) / 2);
    if (first < 0 || !Number.isSafeInteger((first + pages) * PAGE_SIZE)) {
      this.#fail('expected pages of an export');
    }
    this.#timeUs += elapsedUs;
    known.nextPage = first + pages;
    const record = this.#record;
    record.time = this.#timeUs / 1e6;
    record.tenant = known.tenant;
    record.compressedBytes = tag === TAG_ZERO ? 0 : -1;
    if (tag === TAG_WRITE) this.#addWrites(record, first, pages);
    else {
      record.op = tag === TAG_READ ? OP_READ : tag === TAG_TRIM ? OP_TRIM : OP_WRITE;
      setRange(record, first * PAGE_SIZE, pages * PAGE_SIZE);
      this.#context.sink.add(record);
    }
  }

  #addWrites(record: TraceRecord, first: number, pages: number): void {
    record.op = OP_WRITE;
    for (let page = first; page < first + pages; page += 1) {
      const size = (this.#bytes[this.#at] ?? 0) | ((this.#bytes[this.#at + 1] ?? 0) << 8);
      if (size !== SIZE_UNKNOWN && size > PAGE_SIZE) {
        this.#fail(`expected a size of at most ${PAGE_SIZE} bytes, found ${size}`);
      }
      this.#at += 2;
      record.compressedBytes = size === SIZE_UNKNOWN ? -1 : size;
      setRange(record, page * PAGE_SIZE, PAGE_SIZE);
      this.#context.sink.add(record);
    }
  }

  #describe(): void {
    this.#context.sink.describe({
      parameters: this.#parameters ?? {},
      exports: this.#described,
      lost: this.#lost,
    });
  }

  #need(bytes: number): void {
    if (this.#bytes.length - this.#at < bytes) throw INCOMPLETE;
  }

  #byte(): number {
    this.#need(1);
    this.#at += 1;
    return this.#bytes[this.#at - 1] ?? 0;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < VARINT_BYTES_MAX; shift += 1) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte >= 0x80) continue;
      if (Number.isSafeInteger(value)) return value;
      break;
    }
    this.#fail('expected a number below 2^53');
  }

  #fail(message: string): never {
    this.#context.fail({ offset: this.#offset + this.#at }, message);
  }
}
