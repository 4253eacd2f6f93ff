/**
 * An export as a disk, for tests of what a server does when things end in the middle: one request
 * at a time with simple replies, and ways to leave that no well-behaved client takes.
 */
import { NBD_CMD_READ, NBD_CMD_TRIM, NBD_CMD_WRITE } from '../../src/nbd/wire.ts';
import { NbdClient } from './nbd-client.ts';
import { encodeRequest } from './nbd-messages.ts';

export class DiskClient {
  readonly #client: NbdClient;

  private constructor(client: NbdClient) {
    this.#client = client;
  }

  /** Connects over a Unix socket and opens an export. */
  static async open(path: string, exportName: string): Promise<DiskClient> {
    return new DiskClient(await NbdClient.open({ path }, { exportName, structured: false }));
  }

  /** The error number, 0 for success, and what was read. */
  async read(offset: number, length: number): Promise<{ error: number; data: Buffer }> {
    const { error, data } = await this.#client.request({ type: NBD_CMD_READ, offset, length });
    return { error, data: Buffer.from(data) };
  }

  /** The error number, 0 for success. */
  async write(offset: number, data: Uint8Array): Promise<number> {
    return (await this.#client.request({ type: NBD_CMD_WRITE, offset, data })).error;
  }

  async trim(offset: number, length: number): Promise<number> {
    return (await this.#client.request({ type: NBD_CMD_TRIM, offset, length })).error;
  }

  /** Announces a write of all of `data`, sends only its first `sentBytes`, and vanishes. */
  async tearWrite(offset: number, data: Uint8Array, sentBytes: number): Promise<void> {
    const header = encodeRequest({ type: NBD_CMD_WRITE, offset, length: data.length });
    this.#client.send(header);
    await new Promise<void>((resolve) => {
      this.#client.socket.write(data.subarray(0, sentBytes), () => resolve());
    });
    await this.vanish();
  }

  /** Closes the connection without saying so first. */
  async vanish(): Promise<void> {
    this.#client.socket.destroy();
    await this.#client.closed;
  }

  /** Says goodbye and closes the connection. */
  close(): Promise<void> {
    return this.#client.disconnect();
  }
}
