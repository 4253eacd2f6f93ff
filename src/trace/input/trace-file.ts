/**
 * The bytes of a trace file, or of standard input, decompressed where they are compressed: gzip, xz
 * and zstd are told by their first bytes, whatever the file is called.
 */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { traceError } from '../format.ts';
import type { TraceSource } from '../read-trace.ts';

type XzModule = typeof import('xz-decompress');
type Chunks = AsyncIterable<Uint8Array>;

interface Compression {
  readonly name: string;
  readonly magic: readonly number[];
  readonly decompress: (chunks: Chunks) => Chunks;
}

const COMPRESSIONS: readonly Compression[] = [
  { name: 'gzip', magic: [0x1f, 0x8b], decompress: gunzip },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], decompress: unxz },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], decompress: unzstd },
];

const MAGIC_BYTES_MAX = 6;

/**
 * Opens a trace for reading.
 *
 * @param path - of a file; `-` is standard input
 */
export function openTraceFile(path: string, stdin: Readable = process.stdin): TraceSource {
  const stream = path === '-' ? stdin : createReadStream(path, { highWaterMark: 1 << 18 });
  const shown = path === '-' ? 'standard input' : path;
  return {
    path: shown,
    name: basename(path).replace(/(?:\.(?:gz|xz|zst|zstd))+$/i, ''),
    chunks: readChunks(shown, stream),
  };
}

async function* readChunks(path: string, stream: Readable): AsyncGenerator<Uint8Array> {
  let compression: Compression | undefined;
  try {
    const { first, rest } = await peek(stream);
    compression = COMPRESSIONS.find(({ magic }) => magic.every((byte, at) => first[at] === byte));
    const all = concat(first, rest);
    yield* compression === undefined ? all : compression.decompress(all);
  } catch (error) {
    throw readError(path, compression, error);
  } finally {
    stream.destroy();
  }
}

function readError(path: string, compression: Compression | undefined, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return traceError(path, undefined, 'there is no such file');
  if (code === 'EISDIR') return traceError(path, undefined, 'it is a folder');
  if (code === 'EACCES') return traceError(path, undefined, 'it may not be read');
  const what =
    compression === undefined ? 'it cannot be read' : `expected ${compression.name} data`;
  return traceError(path, undefined, `${what}: ${message}`);
}

/** Reads until the first bytes are there. */
async function peek(
  stream: Readable,
): Promise<{ readonly first: Uint8Array; readonly rest: AsyncIterator<Uint8Array> }> {
  const rest = (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  let first = new Uint8Array(0);
  while (first.length < MAGIC_BYTES_MAX) {
    const next = await rest.next();
    if (next.done === true) break;
    first = Buffer.concat([first, next.value]);
  }
  return { first, rest };
}

async function* concat(
  first: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (;;) {
    const next = await rest.next();
    if (next.done === true) return;
    yield next.value;
  }
}

/** Also several gzip files one after the other, as they come from log rotation. */
async function* gunzip(chunks: Chunks): AsyncGenerator<Uint8Array> {
  const source = Readable.from(chunks, { objectMode: false });
  const stream = createGunzip({ chunkSize: 1 << 18 });
  source.once('error', (error) => stream.destroy(error));
  for await (const chunk of source.pipe(stream)) yield chunk as Uint8Array;
}

async function* unxz(chunks: Chunks): AsyncGenerator<Uint8Array> {
  // A CommonJS package, whose names Node does not find by itself.
  const loaded: XzModule & { readonly default?: XzModule } = await import('xz-decompress');
  const { XzReadableStream } = loaded.default ?? loaded;
  const source = Readable.toWeb(Readable.from(chunks, { objectMode: false }));
  const reader = new XzReadableStream(source as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw new Error('it is damaged or cut off', { cause: error });
  }
}

async function* unzstd(chunks: Chunks): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import('fzstd');
  let ready: Uint8Array[] = [];
  const decompressor = new Decompress((chunk) => {
    // What it hands out is a view of memory that it goes on using.
    if (chunk.length > 0) ready.push(chunk.slice());
  });
  const take = (): Uint8Array[] => {
    const taken = ready;
    ready = [];
    return taken;
  };
  try {
    for await (const chunk of chunks) {
      decompressor.push(chunk);
      yield* take();
    }
    decompressor.push(new Uint8Array(0), true);
    yield* take();
  } catch (error) {
    throw new Error('it is damaged or cut off', { cause: error });
  }
}
