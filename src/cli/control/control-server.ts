/**
 * The control socket's server: one JSON object a line each way over a Unix socket of mode 0600.
 *
 *     {"command":"set","name":"max_pool_percent","value":"25"}
 *     {"ok":true,"result":"25"}
 *     {"ok":false,"usage":true,"error":"..."}
 *
 * Requests of one client are answered in order, one at a time. Who may open the socket may do
 * everything; the bounds here keep a broken client from costing memory, not an enemy out.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { ZswapError } from '../../std/error.ts';
import { claimSocketPath, pathError } from '../listen/socket-path.ts';

/** Longest request with its line end. */
export const CONTROL_LINE_BYTES_MAX: number = 64 * 1024;

/** Clients at a time. */
export const CONTROL_CLIENTS_MAX = 16;

/** A client that says nothing for so long is let go. */
const CONTROL_IDLE_MS = 300_000;

/** A request: its command, and whatever that takes. */
export interface ControlRequest {
  readonly command: string;
  readonly [argument: string]: unknown;
}

/** An answer. `usage` says that the request was wrong, rather than that it failed. */
export type ControlResponse =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly usage: boolean; readonly error: string; readonly code?: string };

/**
 * Carries out one command; its result goes through JSON. TypeError and RangeError say that the
 * request was wrong, ZswapError that it failed.
 */
export type ControlCommand = (request: ControlRequest) => unknown;

export interface ControlServer {
  /** Closes the socket and all clients. */
  close(): Promise<void>;
}

export interface ControlServerOptions {
  readonly path: string;
  readonly commands: Readonly<Record<string, ControlCommand>>;
  readonly lineBytesMax?: number;
  readonly clientsMax?: number;
}

function failure(error: unknown): ControlResponse {
  if (error instanceof ZswapError) {
    return { ok: false, usage: false, error: error.message, code: error.code };
  }
  const usage = error instanceof TypeError || error instanceof RangeError;
  return { ok: false, usage, error: error instanceof Error ? error.message : String(error) };
}

function parseRequest(line: string): ControlRequest {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch (error) {
    throw new TypeError('the request is not JSON', { cause: error });
  }
  if (typeof request !== 'object' || request === null || !('command' in request)) {
    throw new TypeError('the request has no command');
  }
  const { command } = request;
  if (typeof command !== 'string') throw new TypeError('the command is not a string');
  return { ...request, command };
}

async function answer(
  line: string,
  commands: Readonly<Record<string, ControlCommand>>,
): Promise<ControlResponse> {
  try {
    const request = parseRequest(line);
    const run = Object.hasOwn(commands, request.command) ? commands[request.command] : undefined;
    if (run === undefined) {
      const known = Object.keys(commands).join(', ');
      throw new TypeError(`unknown command '${request.command}'; there are ${known}`);
    }
    return { ok: true, result: await run(request) };
  } catch (error) {
    return failure(error);
  }
}

/** One client: collects bytes to lines and answers each before it reads on. */
class Client {
  readonly #socket: Socket;
  readonly #commands: Readonly<Record<string, ControlCommand>>;
  readonly #lineBytesMax: number;
  #pending: Buffer = Buffer.alloc(0);
  #busy = false;

  constructor(socket: Socket, options: Required<ControlServerOptions>) {
    this.#socket = socket;
    this.#commands = options.commands;
    this.#lineBytesMax = options.lineBytesMax;
    socket.setTimeout(CONTROL_IDLE_MS, () => {
      // Who waits for an answer may have to wait long.
      if (!this.#busy) socket.destroy();
    });
    // A client that is gone in the middle of an answer is no concern of anybody else.
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      this.#pending = Buffer.concat([this.#pending, chunk]);
      if (!this.#busy) void this.#answerLines();
    });
    socket.on('end', () => {
      if (!this.#busy) socket.end();
    });
  }

  /** Runs until no whole line is left. Never rejects: `answer` turns errors into responses. */
  async #answerLines(): Promise<void> {
    this.#busy = true;
    this.#socket.pause();
    let end = this.#pending.indexOf(10);
    while (end >= 0 && end < this.#lineBytesMax && !this.#socket.destroyed) {
      const line = this.#pending.toString('utf8', 0, end).trim();
      this.#pending = this.#pending.subarray(end + 1);
      if (line !== '') {
        this.#send(await answer(line, this.#commands));
        await this.#turn();
      }
      end = this.#pending.indexOf(10);
    }
    this.#busy = false;
    if (end >= 0 || this.#pending.length >= this.#lineBytesMax) {
      this.#pending = Buffer.alloc(0);
      const error = `the request is longer than ${this.#lineBytesMax} bytes`;
      this.#socket.end(`${JSON.stringify(failure(new RangeError(error)))}\n`);
      return;
    }
    if (this.#socket.readableEnded) this.#socket.end();
    else this.#socket.resume();
  }

  /**
   * Lets everybody else have their turn, and this client read: who asks again and again without
   * reading the answers waits for itself.
   */
  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.#socket.writableNeedDrain || this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
    });
  }

  #send(response: ControlResponse): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(response)}\n`);
  }
}

async function listenPrivately(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket file is made inside listen; with this mask nobody else can open it in between.
    const mask = process.umask(0o177);
    try {
      server.listen({ path, backlog: CONTROL_CLIENTS_MAX }, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
}

/**
 * Opens the control socket.
 *
 * @throws ZswapError `ZSWAP_LISTEN` if another process answers there or the path cannot be used
 */
export async function openControlServer(given: ControlServerOptions): Promise<ControlServer> {
  const options = {
    ...given,
    lineBytesMax: given.lineBytesMax ?? CONTROL_LINE_BYTES_MAX,
    clientsMax: given.clientsMax ?? CONTROL_CLIENTS_MAX,
  };
  const { path, clientsMax } = options;
  await claimSocketPath(path, '--control');
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (sockets.size >= clientsMax) {
      socket.on('error', () => socket.destroy());
      const error = new ZswapError('ZSWAP_CONTROL', `more than ${clientsMax} control clients`);
      socket.end(`${JSON.stringify(failure(error))}\n`, () => socket.destroy());
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    new Client(socket, options);
  });
  try {
    await listenPrivately(server, path);
  } catch (error) {
    throw pathError(error, '--control', path);
  }
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
