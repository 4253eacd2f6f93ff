/**
 * A small NBD client for tests: a handshake by hand or by default, raw bytes, and requests in
 * flight.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import {
  concat,
  encodeFlags,
  encodeOption,
  encodeRequest,
  infoData,
  metaData,
  parseOptionReply,
  ReplyParser,
} from './nbd-messages.ts';
import type { OptionReply, Reply, RequestFields } from './nbd-messages.ts';

export type Address = { readonly path: string } | { readonly host: string; readonly port: number };

export interface NegotiateOptions {
  readonly exportName?: string;
  readonly structured?: boolean;
}

export class NbdClient {
  readonly socket: Socket;
  /** Resolves when the connection is closed, by whomever and however. */
  readonly closed: Promise<void>;
  sizeBytes = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #wanted:
    | { readonly count: number; readonly resolve: () => void; readonly reject: (e: Error) => void }
    | undefined;
  readonly #parser = new ReplyParser();
  readonly #pending = new Map<
    number,
    { resolve: (reply: Reply) => void; reject: (e: Error) => void }
  >();
  #transmitting = false;
  #cookie = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.#received(chunk));
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        const gone = new Error('connection closed');
        this.#wanted?.reject(gone);
        for (const pending of this.#pending.values()) pending.reject(gone);
        resolve();
      });
    });
  }

  static connect(address: Address): Promise<NbdClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(address);
      const client = new NbdClient(socket);
      socket.once('error', reject);
      socket.once('connect', () => resolve(client));
    });
  }

  /** Connects and goes into transmission. */
  static async open(address: Address, options: NegotiateOptions = {}): Promise<NbdClient> {
    const client = await NbdClient.connect(address);
    await client.negotiate(options);
    return client;
  }

  async greet(flags = 3): Promise<void> {
    const greeting = await this.read(18);
    assert.equal(Buffer.from(greeting.subarray(0, 16)).toString('latin1'), 'NBDMAGICIHAVEOPT');
    this.send(encodeFlags(flags));
  }

  async negotiate({ exportName = '', structured = true }: NegotiateOptions): Promise<void> {
    await this.greet();
    if (structured) {
      assert.equal((await this.option(8)).at(-1)?.type, 1);
      assert.equal(
        (await this.option(10, metaData(exportName, ['base:allocation']))).at(-1)?.type,
        1,
      );
    }
    const replies = await this.option(7, infoData(exportName));
    const info = replies[0];
    assert.ok(info !== undefined && info.type === 3);
    this.sizeBytes = Number(new DataView(info.data.buffer).getBigUint64(2));
    this.beginTransmission();
  }

  /** From here on what arrives is replies. */
  beginTransmission(): void {
    this.#transmitting = true;
    const early = this.#bytes;
    this.#bytes = new Uint8Array(0);
    if (early.length > 0) this.#received(early);
  }

  /** Sends an option and collects its replies up to the last. */
  async option(option: number, data?: Uint8Array): Promise<OptionReply[]> {
    this.send(encodeOption(option, data));
    const replies: OptionReply[] = [];
    for (;;) {
      const head = await this.read(20);
      const length = new DataView(head.buffer).getUint32(16);
      const reply = parseOptionReply(concat([head, await this.read(length)]));
      assert.ok(reply !== undefined && reply.option === option);
      replies.push(reply);
      if (reply.type === 1 || reply.type >= 0x80000000) return replies;
    }
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next `count` bytes (before transmission). Rejects when the connection closes first. */
  async read(count: number): Promise<Uint8Array> {
    if (this.#bytes.length < count) {
      await new Promise<void>((resolve, reject) => {
        if (this.socket.destroyed) reject(new Error('connection closed'));
        this.#wanted = { count, resolve, reject };
      });
    }
    const taken = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /** Sends a request; the promise resolves with its reply, in whatever order they come. */
  request(fields: RequestFields): Promise<Reply> {
    this.#cookie += 1;
    const cookie = this.#cookie;
    if (fields.type === 0) this.#parser.reads.set(cookie, fields.length ?? 0);
    return new Promise((resolve, reject) => {
      this.#pending.set(cookie, { resolve, reject });
      this.send(encodeRequest({ ...fields, cookie }));
    });
  }

  async disconnect(): Promise<void> {
    this.send(encodeRequest({ type: 2 }));
    this.socket.end();
    await this.closed;
  }

  #received(chunk: Uint8Array): void {
    if (this.#transmitting) {
      for (const reply of this.#parser.push(chunk)) {
        const pending = this.#pending.get(reply.cookie);
        assert.ok(pending !== undefined, 'a reply answers a request');
        this.#pending.delete(reply.cookie);
        pending.resolve(reply);
      }
      return;
    }
    this.#bytes = concat([this.#bytes, chunk]);
    if (this.#wanted !== undefined && this.#bytes.length >= this.#wanted.count) {
      this.#wanted.resolve();
      this.#wanted = undefined;
    }
  }
}
