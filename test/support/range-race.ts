/**
 * A race of clients that own disjoint ranges of bytes in the same pages. Each client must find its
 * own bytes as it left them, whatever the others write beside them: who loses an update to a page
 * that is covered in part loses bytes here.
 *
 *     page p     |..500..| client 0 | client 1 | client 2 | client 3 ...
 *     page p+1   ... client 3 |..96..| client 0 | ...
 */
import assert from 'node:assert/strict';
import type { SwapDisk } from '../../src/blk/swap-disk.ts';
import { Prng } from '../../src/std/prng.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { ClientRequest } from './client.ts';
import { TestMachine, type MachineOptions } from './machine.ts';

const CELLS = 3;
const CLIENTS = 4;
const RANGE_BYTES = 1000;
const FIRST_BYTE = 500;

export interface RangeRaceOptions extends MachineOptions {
  /** Changes the machine before anything runs. */
  readonly prepare?: (machine: TestMachine) => void;
}

export class RangeRace {
  readonly machine: TestMachine;
  readonly #disk: SwapDisk;
  readonly #prng: Prng;
  /** What each part of each range may hold, by its first byte; a part lies in one page. */
  readonly #allowed = new Map<number, Set<number>>();
  #completed = 0;
  #nextByte = 0;
  refused = 0;

  constructor(seed: number, options: RangeRaceOptions) {
    this.machine = new TestMachine({ ...options, seed });
    this.#disk = this.machine.export('vm', CELLS + 1).disk;
    this.#prng = new Prng(seed * 104_729);
    options.prepare?.(this.machine);
  }

  /** Runs all clients to the end; throws what a client or a check finds. */
  run(requestsEach: number): void {
    for (let client = 0; client < CLIENTS; client += 1) this.#next(client, requestsEach);
    this.machine.rt.run(1_000_000, this.machine.check);
    assert.equal(this.#completed, CLIENTS * requestsEach, 'a request never finished');
    if (this.machine.device !== undefined) this.machine.device.readErrors = 0;
    const request = new ClientRequest(this.#disk, 'read', 0, this.#disk.sizeBytes).start();
    this.machine.settle();
    assert.equal(request.error, 0);
    this.#verify(request.data, 0);
    for (let cell = 0; cell <= CELLS; cell += 1) {
      const unused = request.data.subarray(cell * PAGE_SIZE + 404, cell * PAGE_SIZE + FIRST_BYTE);
      assert.equal(
        unused.some((byte) => byte !== 0),
        false,
        'bytes of nobody were written',
      );
    }
  }

  #next(client: number, left: number): void {
    if (left === 0) return;
    const cell = this.#prng.below(CELLS);
    const offset = cell * PAGE_SIZE + FIRST_BYTE + client * RANGE_BYTES;
    const op = this.#prng.chance(1, 3) ? 'read' : this.#prng.chance(1, 5) ? 'zero' : 'write';
    this.#nextByte = (this.#nextByte % 255) + 1;
    const byte = op === 'zero' ? 0 : this.#nextByte;
    const data = op === 'write' ? new Uint8Array(RANGE_BYTES).fill(byte) : undefined;
    const request = new ClientRequest(this.#disk, op, offset, RANGE_BYTES, data);
    request.onFinished = () => {
      this.#completed += 1;
      if (request.error !== 0) this.refused += 1;
      if (op !== 'read') this.#written(offset, byte, request.error !== 0);
      else if (request.error === 0) this.#verify(request.data, offset);
      this.machine.rt.wake({ resume: () => this.#next(client, left - 1) });
    };
    request.start();
  }

  #written(offset: number, byte: number, refused: boolean): void {
    const parts = partsOf(offset, offset + RANGE_BYTES);
    for (const part of parts) {
      if (!refused) this.#allowed.set(part, new Set([byte]));
      // A refused write of one page changes nothing; of two, one may have been written.
      else if (parts.length > 1) this.#allowedAt(part).add(byte);
    }
  }

  #verify(data: Uint8Array, start: number): void {
    for (const [part, allowed] of this.#allowed) {
      if (part < start || part >= start + data.length) continue;
      const page = Math.floor(part / PAGE_SIZE);
      const client = Math.floor((((part % PAGE_SIZE) + PAGE_SIZE - FIRST_BYTE) % PAGE_SIZE) / 1000);
      const cell = part % PAGE_SIZE === 0 ? page - 1 : page;
      const rangeEnd = cell * PAGE_SIZE + FIRST_BYTE + (client + 1) * RANGE_BYTES;
      const bytes = data.subarray(part - start, Math.min(rangeEnd, (page + 1) * PAGE_SIZE) - start);
      const found = bytes[0] ?? -1;
      assert.ok(allowed.has(found), `client ${client} finds ${found} in page ${page}`);
      assert.equal(
        bytes.some((byte) => byte !== found),
        false,
        `a range of page ${page} is torn`,
      );
    }
  }

  #allowedAt(part: number): Set<number> {
    const allowed = this.#allowed.get(part) ?? new Set([0]);
    this.#allowed.set(part, allowed);
    return allowed;
  }
}

/** First bytes of the parts that page boundaries cut a range into. */
function partsOf(start: number, end: number): number[] {
  const boundary = Math.ceil(start / PAGE_SIZE) * PAGE_SIZE;
  return boundary > start && boundary < end ? [start, boundary] : [start];
}
