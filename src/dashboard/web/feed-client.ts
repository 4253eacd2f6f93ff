/**
 * Listens to the daemon's events, connects again when the connection breaks, and says how far what
 * is shown can be trusted. A page that nobody has looked at for minutes stops listening until it is
 * looked at again.
 */
import type { FeedEvent } from '../feed-event.ts';

/** `live`: events arrive. `stale`: they should and do not. `paused`: nobody wants them. */
export type FeedState = 'waiting' | 'live' | 'stale' | 'paused';

export interface FeedListener {
  event(event: FeedEvent): void;
  state(state: FeedState): void;
}

/** An event comes each second; without one for so long, what is shown is old. */
const STALE_MS = 3500;
/** Wait before connecting again where the browser does not do so itself. */
const RECONNECT_MS = 2000;
/** A hidden page listens for so long. */
const HIDDEN_MS = 300_000;

export class FeedClient {
  readonly #url: string;
  readonly #listener: FeedListener;
  #source: EventSource | undefined;
  #staleTimer: number | undefined;
  #hiddenTimer: number | undefined;
  #isPaused = false;

  constructor(url: string, listener: FeedListener) {
    this.#url = url;
    this.#listener = listener;
    document.addEventListener('visibilitychange', () => this.#visibilityChanged());
    this.#connect();
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Stops listening, or begins again. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) {
      this.#disconnect();
      this.#listener.state('paused');
    } else {
      this.#listener.state('waiting');
      this.#connect();
    }
  }

  #connect(): void {
    this.#disconnect();
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#expectEvent();
    source.addEventListener('message', (message: MessageEvent<string>) => {
      this.#expectEvent();
      this.#listener.state('live');
      // The daemon that served this page wrote it.
      this.#listener.event(JSON.parse(message.data) as FeedEvent);
    });
    source.addEventListener('error', () => {
      this.#listener.state('stale');
      // After an answer that is no stream the browser gives up; we do not.
      if (source.readyState === EventSource.CLOSED) {
        window.setTimeout(() => {
          if (this.#source === source) this.#connect();
        }, RECONNECT_MS);
      }
    });
  }

  #disconnect(): void {
    this.#source?.close();
    this.#source = undefined;
    window.clearTimeout(this.#staleTimer);
  }

  #expectEvent(): void {
    window.clearTimeout(this.#staleTimer);
    this.#staleTimer = window.setTimeout(() => this.#listener.state('stale'), STALE_MS);
  }

  #visibilityChanged(): void {
    window.clearTimeout(this.#hiddenTimer);
    if (document.hidden) {
      this.#hiddenTimer = window.setTimeout(() => this.#disconnect(), HIDDEN_MS);
    } else if (!this.#isPaused && this.#source === undefined) {
      this.#connect();
    }
  }
}
