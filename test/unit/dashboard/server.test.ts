import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { FeedEvent } from '../../../src/dashboard/feed-event.ts';
import { openHttpServer, type HttpServer, type HttpSource } from '../../../src/dashboard/server.ts';
import { FACTS_EXAMPLE, STATS_EXAMPLE } from '../../support/stats-example.ts';

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

let unready: string | undefined;
const source: HttpSource = {
  snapshot: () => STATS_EXAMPLE,
  facts: FACTS_EXAMPLE,
  unreadyReason: () => unready,
  // A hundred times as fast, so nobody waits for the next event.
  rt: { sleep: (ms) => delay(ms / 100) },
};

let server: HttpServer;
before(async () => {
  server = await openHttpServer({ host: '127.0.0.1', port: 0 }, source);
});
after(() => server.close());

function ask(
  path: string,
  options: { method?: string; host?: string; body?: string } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', host, body } = options;
    const headers = {
      ...(host === undefined ? {} : { host }),
      ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
    };
    const sent = httpRequest({ port: server.port, path, method, headers, agent: false }, (got) => {
      let text = '';
      got.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      got.on('end', () =>
        resolve({ status: got.statusCode ?? 0, headers: got.headers, body: text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Listens to the events until the first has come, or to the end of another answer. */
function firstEvent(headers: Record<string, string> = {}): Promise<Reply & { first: string }> {
  return new Promise((resolve, reject) => {
    const options = { port: server.port, path: '/api/events', headers, agent: false };
    const sent = httpRequest(options, (got) => {
      let text = '';
      const done = (): void => {
        resolve({ status: got.statusCode ?? 0, headers: got.headers, body: text, first: text });
        sent.destroy();
      };
      got.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (/^data: .*\n\n/m.test(text)) done();
      });
      got.on('end', done);
      got.on('error', () => {});
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Sends bytes as they are and reads until the server hangs up. */
function askRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1');
    let got = '';
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(got));
    socket.write(text);
  });
}

describe('the HTTP server', () => {
  it('answers /api/stats with the snapshot', async () => {
    const { status, headers, body } = await ask('/api/stats');
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/json; charset=utf-8');
    assert.equal(headers['cache-control'], 'no-store');
    assert.deepEqual(JSON.parse(body), STATS_EXAMPLE);
  });

  it('says so where there are no statistics, and goes on', async () => {
    const failing = await openHttpServer(
      { host: '127.0.0.1', port: 0 },
      { ...source, snapshot: () => Promise.reject(new Error('too many open files')) },
    );
    const fetched = async (path: string): Promise<string> => {
      const response = await fetch(`http://127.0.0.1:${failing.port}${path}`);
      return `${response.status} ${await response.text()}`;
    };
    for (const path of ['/metrics', '/readyz', '/api/stats']) {
      assert.equal(await fetched(path), '503 no statistics: too many open files\n');
    }
    assert.equal(await fetched('/healthz'), '200 ok\n');
    await failing.close();
  });

  it('answers /metrics in the text format, query or not', async () => {
    const { status, headers, body } = await ask('/metrics?x=1');
    assert.equal(status, 200);
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
    assert.match(body, /^zswapd_pool_bytes 104857600$/m);
  });

  it('is alive also when it is not ready, and says why', async () => {
    assert.equal((await ask('/readyz')).status, 200);
    unready = 'stopping';
    const { status, body } = await ask('/readyz');
    assert.deepEqual([status, body], [503, 'stopping\n']);
    assert.equal((await ask('/healthz')).status, 200);
    unready = undefined;
  });

  it('shows a page that loads nothing from outside and runs only its own files', async () => {
    const { status, headers, body } = await ask('/');
    assert.equal(status, 200);
    assert.match(String(headers['content-type']), /^text\/html/);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.doesNotMatch(body, /https?:|<style|<script(?![^>]* src=)|\son\w+=|\sstyle=/);
  });

  it('answers HEAD without a body and with its length', async () => {
    const { status, headers, body } = await ask('/healthz', { method: 'HEAD' });
    assert.deepEqual([status, headers['content-length'], body], [200, '3', '']);
  });

  it('knows no other path, not even an inherited one', async () => {
    for (const path of ['/x', '/metrics/', '/toString', '/__proto__', '//', '/../metrics']) {
      assert.equal((await ask(path)).status, 404, path);
    }
  });

  it('refuses other methods', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await ask('/api/stats', { method, body: 'x' });
      assert.deepEqual([status, headers['allow']], [405, 'GET, HEAD'], method);
    }
  });

  it('refuses a host name that is not its own', async () => {
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80']) {
      assert.equal((await ask('/api/stats', { host })).status, 403, host);
    }
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:9809', '[::1]:9809', '10.0.0.1']) {
      assert.equal((await ask('/api/stats', { host })).status, 200, host);
    }
  });

  it('takes a request without a host only in HTTP/1.0', async () => {
    assert.match(await askRaw('GET /healthz HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /);
    assert.match(await askRaw('GET /healthz HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
  });

  it('refuses headers that are too long', async () => {
    const answer = await askRaw(
      `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(9000)}\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 431 /);
  });

  it('hangs up on a long body instead of reading it', async () => {
    const head = 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999\r\n\r\n';
    assert.match(await askRaw(head), /^HTTP\/1\.1 405 [^]*connection: close/i);
  });

  it('streams events, the first at once', async () => {
    const { status, headers, first } = await firstEvent();
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'text/event-stream; charset=utf-8');
    assert.equal(headers['cache-control'], 'no-store');
    const event = JSON.parse(/^data: (.*)$/m.exec(first)?.[1] ?? '') as FeedEvent;
    assert.deepEqual(event, { service: FACTS_EXAMPLE, stats: STATS_EXAMPLE });
  });

  it('says in an event that the daemon is not ready', async () => {
    unready = 'stopping';
    const { first } = await firstEvent();
    unready = undefined;
    assert.match(first, /"unready":"stopping"/);
  });

  it('answers HEAD of the events with their head only', async () => {
    const { status, headers, body } = await ask('/api/events', { method: 'HEAD' });
    assert.deepEqual([status, body], [200, '']);
    assert.match(String(headers['content-type']), /^text\/event-stream/);
  });

  it('streams to no page of another site, nor under a foreign name', async () => {
    for (const site of ['cross-site', 'same-site']) {
      assert.equal((await firstEvent({ 'sec-fetch-site': site })).status, 403, site);
    }
    assert.equal((await firstEvent({ 'sec-fetch-site': 'same-origin' })).status, 200);
    assert.equal((await firstEvent({ host: 'evil.example' })).status, 403);
    assert.equal((await ask('/api/events', { method: 'POST', body: 'x' })).status, 405);
  });

  it('serves the configured host name', async () => {
    const named = await openHttpServer({ host: 'localhost', port: 0 }, source);
    assert.ok(named.port > 0);
    await named.close();
  });

  it('rejects with the error of the system if the port is taken', async () => {
    const taken = openHttpServer({ host: '127.0.0.1', port: server.port }, source);
    await assert.rejects(taken, { code: 'EADDRINUSE' });
  });
});
