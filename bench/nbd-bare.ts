/**
 * A bare NBD server in Node: a flat buffer, one receive buffer, one reply buffer, and nothing of
 * what a server has to have. It checks nothing and stores uncompressed, so it is a bound on what a
 * server in Node can be beside those of `nbd.ts`, and not a rival.
 *
 *     node nbd-bare.js SOCKET BYTES
 */
import { createServer, Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import { KIB } from '../src/std/units.ts';

const RECEIVE_BYTES = 256 * KIB;
/** Longest cut header that is carried over. */
const CARRY_BYTES = 64;
const REPLIES_BYTES = 1024 * KIB;
const REQUEST_BYTES = 28;
const REPLY_BYTES = 16;
const SIMPLE_REPLY_MAGIC = 0x67446698;
const READ = 0;
const WRITE = 1;
const DISCONNECT = 2;
const TRIM = 4;

const [path = '', size = '0'] = process.argv.slice(2);
const disk = Buffer.alloc(Number(size));

class BareConnection {
  readonly #received = Buffer.alloc(CARRY_BYTES + RECEIVE_BYTES);
  readonly #target = this.#received.subarray(CARRY_BYTES);
  #replies: Buffer = Buffer.alloc(REPLIES_BYTES);
  /** Reply buffers that have left. */
  readonly #free: Buffer[] = [];
  readonly #socket: Socket;
  #carried = 0;
  #replyBytes = 0;
  #transmits = false;
  /** Rest of a write's payload, and where it goes. */
  #payloadLeft = 0;
  #payloadAt = 0;
  #cookieHi = 0;
  #cookieLo = 0;

  constructor(accepted: Socket) {
    const inner = accepted as unknown as { _handle: unknown };
    const handle = inner._handle;
    inner._handle = null;
    const onread = {
      buffer: this.#target,
      callback: (bytes: number): boolean => {
        this.#take(bytes);
        return true;
      },
    };
    const options: SocketConstructorOpts & { handle: unknown; onread: OnReadOpts } = {
      handle,
      onread,
    };
    this.#socket = new Socket(options);
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.write(Buffer.from('NBDMAGICIHAVEOPT\0\x03', 'latin1'));
  }

  #take(bytes: number): void {
    const end = CARRY_BYTES + bytes;
    let at = CARRY_BYTES - this.#carried;
    this.#carried = 0;
    if (!this.#transmits) at = this.#negotiate(at, end);
    while (at < end) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, end - at);
        disk.set(this.#received.subarray(at, at + taken), this.#payloadAt);
        this.#payloadAt += taken;
        this.#payloadLeft -= taken;
        at += taken;
        if (this.#payloadLeft > 0) break;
        this.#head();
      } else if (end - at < REQUEST_BYTES) break;
      else {
        this.#request(at);
        at += REQUEST_BYTES;
      }
    }
    this.#carried = end - at;
    this.#received.copyWithin(CARRY_BYTES - this.#carried, at, end);
    if (this.#replyBytes > 0) this.#flush();
  }

  /** Takes the flags and the one option that the client of these benchmarks sends. */
  #negotiate(at: number, end: number): number {
    if (end - at < 4 + 16) throw new Error('the client is not nbd-load');
    this.#transmits = true;
    const answer = Buffer.alloc(10);
    answer.writeBigUInt64BE(BigInt(disk.length));
    this.#socket.write(answer);
    return at + 4 + 16 + this.#received.readUInt32BE(at + 16);
  }

  #request(at: number): void {
    const received = this.#received;
    const type = received.readUInt16BE(at + 6);
    const offset = received.readUInt32BE(at + 16) * 2 ** 32 + received.readUInt32BE(at + 20);
    const length = received.readUInt32BE(at + 24);
    if (type === DISCONNECT) {
      this.#socket.end();
      return;
    }
    if (this.#replyBytes + 2 * REPLY_BYTES + length > this.#replies.length) this.#flush();
    this.#cookieHi = received.readUInt32BE(at + 8);
    this.#cookieLo = received.readUInt32BE(at + 12);
    if (type === WRITE) {
      // Answered when the payload is there.
      this.#payloadAt = offset;
      this.#payloadLeft = length;
      return;
    }
    this.#head();
    if (type === READ) {
      this.#replies.set(disk.subarray(offset, offset + length), this.#replyBytes);
      this.#replyBytes += length;
    } else if (type === TRIM) disk.fill(0, offset, offset + length);
  }

  #head(): void {
    const at = this.#replyBytes;
    this.#replies.writeUInt32BE(SIMPLE_REPLY_MAGIC, at);
    this.#replies.writeUInt32BE(0, at + 4);
    this.#replies.writeUInt32BE(this.#cookieHi, at + 8);
    this.#replies.writeUInt32BE(this.#cookieLo, at + 12);
    this.#replyBytes += REPLY_BYTES;
  }

  #flush(): void {
    const replies = this.#replies;
    this.#socket.write(replies.subarray(0, this.#replyBytes), () => this.#free.push(replies));
    this.#replies = this.#free.pop() ?? Buffer.alloc(REPLIES_BYTES);
    this.#replyBytes = 0;
  }
}

createServer({ pauseOnConnect: true }, (socket) => void new BareConnection(socket)).listen(path);
