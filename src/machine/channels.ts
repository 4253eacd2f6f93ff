/**
 * The diagnostics channels, for all machines of the process. An event that nobody listens to costs
 * one branch. Subscribers run inside the engine, between two of its steps, so they must not call
 * the machine that speaks: while they run it refuses with `ZSWAP_BUSY`.
 */
import { channel, type Channel } from 'node:diagnostics_channel';
import type { FaultEvent, MmTrace } from '../mm/mm.ts';
import type { Tracepoint } from '../std/tracepoint.ts';
import type { RejectEvent, WritebackEvent, ZswapTrace } from '../zswap/zswap.ts';

/** Names of the channels; the messages are of the types of these names. */
export const CHANNELS = {
  /** A {@link FaultEvent} when a fault has ended. */
  fault: 'zswapd:fault',
  /** A {@link WritebackEvent} when a run of pages has gone from the pool to the device. */
  writeback: 'zswapd:writeback',
  /** A {@link RejectEvent} when the pool has refused a page. */
  reject: 'zswapd:reject',
} as const;

/** Kept here, or a channel with no subscriber could be collected and made anew. */
const fault = channel(CHANNELS.fault);
const writeback = channel(CHANNELS.writeback);
const reject = channel(CHANNELS.reject);

/** Says that subscribers are being called. */
export interface Speaking {
  speaking: boolean;
}

class Speaker<Event> implements Tracepoint<Event> {
  readonly #channel: Channel;
  readonly #owner: Speaking;

  constructor(to: Channel, owner: Speaking) {
    this.#channel = to;
    this.#owner = owner;
  }

  get hasSubscribers(): boolean {
    return this.#channel.hasSubscribers;
  }

  publish(event: Event): void {
    this.#owner.speaking = true;
    // What a subscriber throws, Node reports as an uncaught exception of its own.
    this.#channel.publish(event);
    this.#owner.speaking = false;
  }
}

/** The tracepoints of one machine. */
export function createTrace(owner: Speaking): MmTrace & ZswapTrace {
  return {
    fault: new Speaker<FaultEvent>(fault, owner),
    writeback: new Speaker<WritebackEvent>(writeback, owner),
    reject: new Speaker<RejectEvent>(reject, owner),
  };
}
