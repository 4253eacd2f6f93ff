/**
 * The daemon's HTTP door: figures for Prometheus, programs and people, health for supervisors, and
 * the dashboard. It only reads; everything that changes something goes through the control socket.
 *
 * There is no login, so it listens on loopback by default. A web page that someone on this machine
 * visits can send requests here through a name of its own that resolves to 127.0.0.1: so a request
 * must name an address, `localhost`, or the host that was configured.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import { PROMETHEUS_CONTENT_TYPE } from '../metrics/exposition.ts';
import { formatPrometheus } from '../metrics/prometheus.ts';
import type { ServiceFacts } from '../metrics/prometheus.ts';
import type { StatsSnapshot } from '../metrics/snapshot.ts';
import type { Rt } from '../rt/rt.ts';
import { loadAssets, type Asset } from './assets.ts';
import type { FeedEvent } from './feed-event.ts';
import { EventFeed, LISTENERS_MAX } from './feed.ts';

/** Connections at a time; a scraper and a few browsers need less. */
const CONNECTIONS_MAX = 64;
const HEADERS_BYTES_MAX: number = 8 * 1024;
const HEADERS_WAIT_MS = 5_000;
const REQUEST_WAIT_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
/** Largest body that is read past; a GET has none. */
const BODY_BYTES_MAX: number = 64 * 1024;

/** What the server shows. */
export interface HttpSource {
  readonly rt: Pick<Rt, 'sleep'>;
  readonly facts: ServiceFacts;
  snapshot(): StatsSnapshot | Promise<StatsSnapshot>;
  /** Why requests should not be sent here, in one line; undefined if all is well. */
  unreadyReason(stats: StatsSnapshot): string | undefined;
}

export interface HttpOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface HttpServer {
  /** The port it listens on. */
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const TEXT = 'text/plain; charset=utf-8';

function plain(status: number, body: string): Answer {
  return { status, type: TEXT, body: `${body}\n` };
}

/** What it says when there are no statistics: descriptors may be short, or the daemon closing. */
function noAnswer(error: unknown): Answer {
  return plain(503, `no statistics: ${error instanceof Error ? error.message : String(error)}`);
}

async function feedEvent(source: HttpSource): Promise<FeedEvent> {
  const stats = await source.snapshot();
  const unready = source.unreadyReason(stats);
  return { service: source.facts, ...(unready === undefined ? {} : { unready }), stats };
}

const ROUTES: Readonly<Record<string, (source: HttpSource) => Answer | Promise<Answer>>> = {
  '/metrics': async (source) => ({
    status: 200,
    type: PROMETHEUS_CONTENT_TYPE,
    body: formatPrometheus(await source.snapshot(), source.facts),
  }),
  '/api/stats': async (source) => ({
    status: 200,
    type: 'application/json; charset=utf-8',
    body: `${JSON.stringify(await source.snapshot())}\n`,
  }),
  '/healthz': () => plain(200, 'ok'),
  '/readyz': async (source) => {
    const reason = source.unreadyReason(await source.snapshot());
    return reason === undefined ? plain(200, 'ready') : plain(503, reason);
  },
};

/** What never ends: answered by the feed. */
const EVENTS_PATH = '/api/events';

/** The host of a `Host` header without its port and brackets, in lower case. */
function hostOf(header: string): string {
  return header
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}

/** Whether a request may be answered: a browser lured here by a foreign name sends that name. */
function isExpectedHost(header: string | undefined, configured: string): boolean {
  // Only HTTP/1.0 may leave it out, which no browser speaks.
  if (header === undefined) return true;
  const host = hostOf(header);
  return host === 'localhost' || host === configured.toLowerCase() || isIP(host) !== 0;
}

/** A page of another site can neither read the feed nor may it take a listener's place. */
function isForeignPage(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  return site === 'cross-site' || site === 'same-site';
}

/** Answers requests, one listener of the feed being an answer that goes on. */
class Responder {
  readonly #source: HttpSource;
  readonly #host: string;
  readonly #assets: ReadonlyMap<string, Asset> = loadAssets();
  readonly feed: EventFeed;

  constructor(source: HttpSource, host: string) {
    this.#source = source;
    this.#host = host;
    this.feed = new EventFeed(source.rt, async () => JSON.stringify(await feedEvent(source)));
  }

  async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request).catch((error: unknown) => noAnswer(error));
    if (answer !== EVENTS_PATH) send(request, response, answer);
    else this.#listen(request, response);
  }

  /** An answer, or {@link EVENTS_PATH} for a listener. */
  async #answer(request: IncomingMessage): Promise<Answer | typeof EVENTS_PATH> {
    if (!isExpectedHost(request.headers.host, this.#host)) {
      return plain(403, 'this host name is not served here; use an IP address or localhost');
    }
    const [path = '/'] = (request.url ?? '/').split('?');
    const route = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
    const asset = this.#assets.get(path);
    if (route === undefined && asset === undefined && path !== EVENTS_PATH) {
      return plain(404, 'not found');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return { ...plain(405, 'only GET and HEAD'), headers: { allow: 'GET, HEAD' } };
    }
    if (asset !== undefined) return { status: 200, ...asset };
    if (route !== undefined) return await route(this.#source);
    return isForeignPage(request) ? plain(403, 'not for pages of other sites') : EVENTS_PATH;
  }

  #listen(request: IncomingMessage, response: ServerResponse): void {
    const type = 'text/event-stream; charset=utf-8';
    if (request.method === 'HEAD') {
      send(request, response, { status: 200, type, body: '' });
      return;
    }
    if (this.feed.isFull) {
      const full = plain(503, `more than ${LISTENERS_MAX} listeners`);
      send(request, response, { ...full, headers: { 'retry-after': '10' } });
      return;
    }
    response.writeHead(200, { 'content-type': type, ...COMMON_HEADERS });
    this.feed.join(response);
  }
}

const COMMON_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
} as const;

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const hasBody = Number(request.headers['content-length'] ?? 0) > 0;
  const isTooLong = Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX;
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-length': Buffer.byteLength(answer.body),
    ...COMMON_HEADERS,
    ...answer.headers,
    ...(isTooLong || request.headers['transfer-encoding'] ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : answer.body);
  if (hasBody && !isTooLong) request.resume();
}

async function listen(server: Server, options: HttpOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // A server that listens on TCP has such an address.
  return (server.address() as AddressInfo).port;
}

/** Opens the HTTP server. Rejects with the system's error if the address cannot be listened on. */
export async function openHttpServer(
  options: HttpOptions,
  source: HttpSource,
): Promise<HttpServer> {
  const responder = new Responder(source, options.host);
  const server = createServer(
    {
      maxHeaderSize: HEADERS_BYTES_MAX,
      headersTimeout: HEADERS_WAIT_MS,
      requestTimeout: REQUEST_WAIT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (request, response) => void responder.respond(request, response),
  );
  server.maxConnections = CONNECTIONS_MAX;
  const port = await listen(server, options);
  return {
    port,
    close: async () => {
      responder.feed.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
