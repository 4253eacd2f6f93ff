/** A server under the load of a client that is pinned to the last core. */
import { cpus } from 'node:os';
import type { ControlRequest } from '../src/cli/control/control-server.ts';
import { MIB } from '../src/std/units.ts';
import { LineProgram, pinned } from './environment.ts';
import { EXPORT, Server, type DaemonStatistics, type ServerKind } from './servers.ts';

/** At the end of each export, for a second client. */
export const BESIDE_BYTES: number = 32 * MIB;

/** What a client has seen, and what it took its server. */
export interface LoadResult {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the server, in microseconds a request. */
  readonly serverMicroseconds: number;
}

/** A server under load by a client of its own. */
export class ServerUnderLoad {
  readonly #server: Server;
  readonly #client: LineProgram;
  readonly #besideCommand: readonly string[];
  #beside: LineProgram | undefined;

  private constructor(server: Server, client: LineProgram, besideCommand: readonly string[]) {
    this.#server = server;
    this.#client = client;
    this.#besideCommand = besideCommand;
  }

  /**
   * @param files - the folder for sockets, the client's program and the file of pages
   * @param sizeBytes - of the export
   */
  static async start(
    kind: ServerKind,
    files: { readonly folder: string; readonly client: string; readonly pages: string },
    sizeBytes: number,
  ): Promise<ServerUnderLoad> {
    const server = await Server.start(kind, files.folder, sizeBytes + BESIDE_BYTES);
    const command = [files.client, server.socket, EXPORT, files.pages];
    const client = pinned(cpus().length - 1, command);
    return new ServerUnderLoad(server, new LineProgram(client), [...client, String(sizeBytes)]);
  }

  get name(): string {
    return this.#server.name;
  }

  /** Has the client run a command, see `native/nbd-load.c`. */
  async load(command: string): Promise<LoadResult> {
    return await this.#measured(this.#client, command);
  }

  async #measured(client: LineProgram, command: string): Promise<LoadResult> {
    const before = this.#server.processorSeconds();
    const [requests = 0, bytes = 0, ns = 0, p50 = 0, p99 = 0] = (await client.ask(command))
      .split(' ')
      .map(Number);
    const spent = this.#server.processorSeconds() - before;
    return {
      requests,
      bytes,
      seconds: ns / 1e9,
      p50: p50 / 1000,
      p99: p99 / 1000,
      serverMicroseconds: (spent * 1e6) / requests,
    };
  }

  /**
   * Has the client run a command while a second client, on a connection and on pages of its own,
   * runs another one that takes as long.
   */
  async loadBeside(command: string, other: string): Promise<LoadResult> {
    if (this.#beside === undefined) await this.besideLoad(`fill ${BESIDE_BYTES}`);
    const ended = this.besideLoad(other);
    const result = await this.load(command);
    await ended;
    return result;
  }

  /** Has the second client run a command. */
  async besideLoad(command: string): Promise<LoadResult> {
    this.#beside ??= new LineProgram(this.#besideCommand);
    return await this.#measured(this.#beside, command);
  }

  /** See {@link Server}. */
  residentBytes(): number {
    return this.#server.residentBytes();
  }

  /** See {@link Server}. */
  processorSeconds(): number {
    return this.#server.processorSeconds();
  }

  /** See {@link Server}. */
  statistics(): Promise<DaemonStatistics | undefined> {
    return this.#server.statistics();
  }

  /** See {@link Server}. */
  ask(request: ControlRequest): Promise<unknown> {
    return this.#server.ask(request);
  }

  async stop(): Promise<void> {
    await this.#client.end();
    await this.#beside?.end();
    await this.#server.stop();
  }
}
