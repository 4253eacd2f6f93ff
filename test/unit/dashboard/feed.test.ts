// Goal: one event a second for all, none for nobody, and nothing kept for a listener that does not
// read. Method: responses of a real HTTP server, and a clock that the test moves.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { EventFeed, LISTENERS_MAX } from '../../../src/dashboard/feed.ts';
import { ManualClockRt } from '../../support/manual-clock-rt.ts';

let rt: ManualClockRt;
let feed: EventFeed;
let taken: number;
let padding: string;
let responses: ServerResponse[];
let listeners: { text: string; readonly got: IncomingMessage }[];
let close: () => void;
let port: number;

beforeEach(async () => {
  rt = new ManualClockRt();
  taken = 0;
  padding = '';
  feed = new EventFeed(rt, () => `${(taken += 1)}${padding}`);
  responses = [];
  listeners = [];
  const server = createServer((_, response) => {
    responses.push(response);
    response.writeHead(200);
    feed.join(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
  close = () => {
    server.close();
    server.closeAllConnections();
  };
});
afterEach(() => {
  feed.close();
  close();
});

async function listen(): Promise<{ text: string; readonly got: IncomingMessage }> {
  const sent = request({ port, host: '127.0.0.1', agent: false });
  sent.on('error', () => {});
  sent.end();
  const [got] = (await once(sent, 'response')) as [IncomingMessage];
  const listener = { text: '', got };
  got.on('error', () => {});
  got.setEncoding('utf8').on('data', (text: string) => (listener.text += text));
  listeners.push(listener);
  return listener;
}

/** Lets sockets do what they have to, until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 10_000 && !isSo(); i++) await rt.yieldNow();
  assert.ok(isSo());
}

describe('EventFeed', () => {
  it('takes nothing while nobody listens', async () => {
    await rt.advance(10_000);
    assert.equal(taken, 0);
  });

  it('goes on with the next event where one cannot be taken', async () => {
    const take = (): string | Promise<string> => {
      taken += 1;
      return taken === 2 ? Promise.reject(new Error('not now')) : `${taken}`;
    };
    feed = new EventFeed(rt, take);
    const listener = await listen();
    await rt.advance(1000);
    await rt.advance(1000);
    await until(() => listener.text.includes('data: 3\n\n'));
    assert.ok(!listener.text.includes('data: 2'));
  });

  it('takes once a second for all listeners', async () => {
    const first = await listen();
    const second = await listen();
    await rt.advance(1000);
    await rt.advance(1000);
    await until(() => second.text.includes('data: 3\n\n'));
    assert.equal(taken, 3);
    assert.equal(first.text, 'retry: 2000\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\n');
    assert.equal(second.text, 'retry: 2000\n\ndata: 2\n\ndata: 3\n\n');
  });

  it('stops when the last listener has gone, and begins again with the next', async () => {
    const first = await listen();
    await until(() => first.text.includes('data: 1'));
    first.got.destroy();
    await until(() => responses[0]?.destroyed === true);
    await rt.advance(5000);
    assert.equal(taken, 1);
    const second = await listen();
    await until(() => second.text.includes('data: 2'));
  });

  it('cuts off who does not read, and keeps nothing for it', async () => {
    const slow = await listen();
    await until(() => slow.text.includes('data: 1'));
    const quick = await listen();
    slow.got.pause();
    padding = 'x'.repeat(4_000_000);
    let sentTo = 0;
    for (let i = 0; i < 20 && responses[0]?.destroyed !== true; i++) {
      sentTo += 1;
      await rt.advance(1000);
      await until(() => quick.text.length > sentTo * padding.length);
    }
    assert.equal(responses[0]?.destroyed, true);
    assert.ok(sentTo < 10, `${sentTo} events were kept`);
    assert.equal(responses[1]?.destroyed, false);
  });

  it('has room for so many, and for nobody once it is closed', async () => {
    for (let i = 0; i < LISTENERS_MAX; i++) {
      assert.equal(feed.isFull, false);
      await listen();
    }
    assert.equal(feed.isFull, true);
    listeners[0]?.got.destroy();
    await until(() => !feed.isFull);
    feed.close();
    assert.equal(feed.isFull, true);
    await until(() => responses.every(({ destroyed }) => destroyed));
  });
});
