/**
 * Drives a {@link Transmission} without a socket: bytes in, cut anywhere; replies out; and an
 * outlet that keeps its segments when the test plays a slow reader.
 */
import assert from 'node:assert/strict';
import type { BlkDisk } from '../../src/blk/request.ts';
import { resolveLimits } from '../../src/nbd/limits.ts';
import type { NbdLimits } from '../../src/nbd/limits.ts';
import { SharedResources } from '../../src/nbd/shared.ts';
import { Transmission } from '../../src/nbd/transmission/transmission.ts';
import type { TransmissionOwner } from '../../src/nbd/transmission/transmission.ts';
import type { Task } from '../../src/rt/rt.ts';
import type { RamDisk } from '../../src/testing/ram-disk.ts';
import { concat, encodeRequest, ReplyParser } from './nbd-messages.ts';
import type { Reply, RequestFields } from './nbd-messages.ts';

export interface HarnessOptions {
  readonly structured?: boolean;
  readonly hasStatus?: boolean;
  readonly limits?: Partial<NbdLimits>;
  readonly shared?: SharedResources;
  /** What transmission takes for the disk, if it is not the disk itself. */
  readonly shown?: BlkDisk;
}

/** Resources whose woken tasks run when the test says so. */
export class ManualResources extends SharedResources {
  readonly woken: Task[];

  constructor(limits: Partial<NbdLimits> = {}) {
    const woken: Task[] = [];
    super({ wake: (task) => void woken.push(task) }, resolveLimits(limits));
    this.woken = woken;
  }

  /** Runs what has been woken, and what that wakes. */
  runWoken(): void {
    for (let task = this.woken.shift(); task !== undefined; task = this.woken.shift()) {
      task.resume();
    }
  }
}

export class Harness implements TransmissionOwner {
  readonly shared: ManualResources;
  readonly transmission: Transmission;
  readonly disk: RamDisk;
  readonly parser: ReplyParser = new ReplyParser();
  readonly replies: Reply[] = [];
  /** Keep segments instead of taking them at once. */
  holdsOutput = false;
  inputOpen = true;
  isFinished = false;
  isBroken = false;
  sends = 0;
  #held: Uint8Array[] = [];
  #queued: Uint8Array[] = [];

  constructor(disk: RamDisk, options: HarnessOptions = {}) {
    this.disk = disk;
    this.shared =
      options.shared instanceof ManualResources
        ? options.shared
        : new ManualResources(options.limits);
    this.transmission = new Transmission(
      this.shared,
      {
        disk: options.shown ?? disk,
        structured: options.structured ?? true,
        hasStatus: options.hasStatus ?? true,
      },
      this,
    );
  }

  /** Bytes that were given to {@link push} and not received. */
  get unreceivedBytes(): number {
    return this.#queued.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  send(segments: readonly Uint8Array[]): boolean {
    this.sends += 1;
    assert.ok(segments.length > 0);
    assert.equal(this.#held.length, 0, 'one batch at a time');
    if (this.holdsOutput) {
      this.#held = [...segments];
      return false;
    }
    for (const segment of segments) this.replies.push(...this.parser.push(segment));
    return true;
  }

  /** The slow reader takes what was held. */
  releaseOutput(): void {
    const held = this.#held;
    this.#held = [];
    if (held.length === 0) return;
    for (const segment of held) this.replies.push(...this.parser.push(segment));
    this.transmission.sent();
    this.#receiveQueued();
  }

  resumeInput(): void {
    assert.ok(!this.inputOpen);
    this.inputOpen = true;
  }

  finished(): void {
    this.isFinished = true;
  }

  broken(): void {
    this.isBroken = true;
  }

  /** Remembers what the replies' parser must know, and returns the request's bytes. */
  encode(fields: RequestFields): Uint8Array {
    if (fields.type === 0) this.parser.reads.set(fields.cookie ?? 0, fields.length ?? 0);
    return encodeRequest(fields);
  }

  /** Sends bytes in pieces of the given sizes (repeated); what must wait is queued. */
  push(bytes: Uint8Array, pieces: readonly number[] = [bytes.length]): void {
    let index = 0;
    for (let at = 0; at < bytes.length; index += 1) {
      const piece = Math.max(1, pieces[index % pieces.length] ?? 1);
      this.#queued.push(bytes.slice(at, at + piece));
      at += piece;
    }
    this.#receiveQueued();
  }

  /** Sends requests in one piece and returns all replies so far, taking them out. */
  exchange(...requests: readonly RequestFields[]): Reply[] {
    this.push(concat(requests.map((fields) => this.encode(fields))));
    return this.takeReplies();
  }

  takeReplies(): Reply[] {
    return this.replies.splice(0);
  }

  /** Runs waiting requests and woken tasks until nothing is left to do. */
  settle(): void {
    do {
      this.shared.runWoken();
      this.#receiveQueued();
    } while (this.disk.runOne() || this.shared.woken.length > 0);
  }

  /** Runs one waiting request. */
  step(): void {
    this.disk.runOne();
    this.shared.runWoken();
    this.#receiveQueued();
  }

  #receiveQueued(): void {
    while (this.inputOpen && this.#queued.length > 0) {
      const next = this.#queued.shift();
      assert.ok(next !== undefined);
      const { target } = this.transmission;
      const bytes = Math.min(next.length, target.length);
      target.set(next.subarray(0, bytes));
      if (bytes < next.length) this.#queued.unshift(next.subarray(bytes));
      this.inputOpen = this.transmission.received(bytes);
    }
  }
}
