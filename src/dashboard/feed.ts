/**
 * Server-sent events: one snapshot a second for all who listen, made once, and none while nobody
 * does. A listener that has not taken the last event when the next one is due is cut off; nothing
 * is kept for it, and its browser connects again when it can.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { ServerResponse } from 'node:http';
import type { Rt } from '../rt/rt.ts';
import { assert } from '../std/assert.ts';

/** Time between two events. */
const EVENT_INTERVAL_MS = 1000;
/** What a browser waits before it connects again. */
const RETRY_MS = 2000;
/** Listeners at a time: a few people with a few windows. */
export const LISTENERS_MAX = 32;

export class EventFeed {
  readonly #rt: Pick<Rt, 'sleep'>;
  readonly #takeData: () => string | Promise<string>;
  readonly #listeners = new Set<ServerResponse>();
  #running = false;
  #closed = false;

  /** @param takeData - the data of an event now: one line of text */
  constructor(rt: Pick<Rt, 'sleep'>, takeData: () => string | Promise<string>) {
    this.#rt = rt;
    this.#takeData = takeData;
  }

  /** True if there are {@link LISTENERS_MAX}, or the feed has ended. */
  get isFull(): boolean {
    return this.#closed || this.#listeners.size >= LISTENERS_MAX;
  }

  /** Sends events on a response whose head has been written, until either side ends it. */
  join(response: ServerResponse): void {
    assert(!this.isFull);
    this.#listeners.add(response);
    response.once('close', () => this.#listeners.delete(response));
    response.on('error', () => response.destroy());
    response.write(`retry: ${RETRY_MS}\n\n`);
    if (!this.#running) void this.#run();
  }

  /** Ends all listeners. */
  close(): void {
    this.#closed = true;
    for (const response of this.#listeners) response.destroy();
    this.#listeners.clear();
  }

  /** Runs while there are listeners. */
  async #run(): Promise<void> {
    this.#running = true;
    while (this.#listeners.size > 0) {
      const data = await this.#dataNow();
      if (data !== undefined) {
        for (const response of this.#listeners) this.#send(response, `data: ${data}\n\n`);
      }
      await this.#rt.sleep(EVENT_INTERVAL_MS);
    }
    this.#running = false;
  }

  /** The data of an event; undefined if there is none just now, and the next may have some. */
  async #dataNow(): Promise<string | undefined> {
    try {
      return await this.#takeData();
    } catch {
      return undefined;
    }
  }

  #send(response: ServerResponse, event: string): void {
    if (response.writableNeedDrain) {
      this.#listeners.delete(response);
      response.destroy();
    } else {
      response.write(event);
    }
  }
}
