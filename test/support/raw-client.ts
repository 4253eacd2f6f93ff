/**
 * A plain NBD client that tests can break on purpose: one connection, the oldest handshake that
 * names an export (NBD_OPT_EXPORT_NAME), simple replies, one request at a time. It can also send
 * part of a request and vanish, which no well-behaved client does.
 *
 * Source: the NBD protocol document, "Fixed newstyle negotiation" and "Transmission phase".
 */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

const OPTION_MAGIC = Buffer.from('IHAVEOPT');
const REQUEST_MAGIC = 0x25609513;
const REPLY_MAGIC = 0x67446698;
const GREETING_BYTES = 18;
const EXPORT_INFO_BYTES = 10;
const REQUEST_BYTES = 28;
const REPLY_BYTES = 16;

/** NBD's error numbers, as they stand in replies. */
export const NBD_ENOSPC = 28;

const COMMANDS = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4 } as const;
type Command = keyof typeof COMMANDS;

/** A reply: NBD's error number, 0 for success, and the data of a read. */
export interface Reply {
  readonly error: number;
  readonly data: Buffer;
}

export class RawClient {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #cookie = 0;
  /** The export's size in bytes, from the handshake. */
  #sizeBytes = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Connects over a Unix socket and opens an export. */
  static async open(path: string, exportName: string): Promise<RawClient> {
    const socket = connect(path);
    await once(socket, 'connect');
    socket.pause();
    // A server that goes away resets the connection; the reader then sees its end.
    socket.on('error', () => undefined);
    const client = new RawClient(socket);
    await client.#handshake(exportName);
    return client;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async read(offset: number, length: number): Promise<Reply> {
    this.#socket.write(this.#header('read', offset, length));
    return this.#reply(length);
  }

  async write(offset: number, data: Uint8Array): Promise<number> {
    this.#socket.write(this.#header('write', offset, data.length));
    this.#socket.write(data);
    return (await this.#reply(0)).error;
  }

  async trim(offset: number, length: number): Promise<number> {
    this.#socket.write(this.#header('trim', offset, length));
    return (await this.#reply(0)).error;
  }

  /** Announces a write of all of `data`, sends only its first `sentBytes`, and vanishes. */
  async tearWrite(offset: number, data: Uint8Array, sentBytes: number): Promise<void> {
    this.#socket.write(this.#header('write', offset, data.length));
    await new Promise<void>((resolve) => {
      this.#socket.write(data.subarray(0, sentBytes), () => resolve());
    });
    await this.vanish();
  }

  /** Closes the connection without saying so first. */
  async vanish(): Promise<void> {
    this.#socket.destroy();
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }

  /** Says goodbye and closes the connection. */
  async close(): Promise<void> {
    this.#socket.end(this.#header('disconnect', 0, 0));
    this.#socket.resume();
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }

  #header(command: Command, offset: number, length: number): Buffer {
    const header = Buffer.alloc(REQUEST_BYTES);
    header.writeUInt32BE(REQUEST_MAGIC, 0);
    header.writeUInt16BE(COMMANDS[command], 6);
    header.writeUInt32BE(++this.#cookie, 12);
    header.writeBigUInt64BE(BigInt(offset), 16);
    header.writeUInt32BE(length, 24);
    return header;
  }

  async #handshake(exportName: string): Promise<void> {
    const greeting = await this.#take(GREETING_BYTES);
    if (!greeting.subarray(8, 16).equals(OPTION_MAGIC)) throw new Error('not a newstyle server');
    const name = Buffer.from(exportName);
    const option = Buffer.alloc(20);
    // Client flags: fixed newstyle, and no zeroes after the export's data.
    option.writeUInt32BE(3, 0);
    OPTION_MAGIC.copy(option, 4);
    option.writeUInt32BE(1, 12);
    option.writeUInt32BE(name.length, 16);
    this.#socket.write(Buffer.concat([option, name]));
    this.#sizeBytes = Number((await this.#take(EXPORT_INFO_BYTES)).readBigUInt64BE(0));
  }

  async #reply(dataBytes: number): Promise<Reply> {
    const header = await this.#take(REPLY_BYTES);
    if (header.readUInt32BE(0) !== REPLY_MAGIC) throw new Error('not a simple reply');
    if (header.readUInt32BE(12) !== this.#cookie) throw new Error('reply to another request');
    const error = header.readUInt32BE(4);
    const data = error === 0 ? await this.#take(dataBytes) : Buffer.alloc(0);
    return { error, data };
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#received.length < length) {
      const piece = this.#socket.read() as Buffer | null;
      if (piece !== null) this.#received = Buffer.concat([this.#received, piece]);
      else if (this.#socket.readableEnded || this.#socket.destroyed) {
        throw new Error('the server closed the connection');
      } else await this.#readableOrGone();
    }
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }

  #readableOrGone(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        for (const event of ['readable', 'end', 'close']) this.#socket.off(event, done);
        resolve();
      };
      for (const event of ['readable', 'end', 'close']) this.#socket.on(event, done);
    });
  }
}
