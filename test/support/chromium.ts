/**
 * Drives a headless Chromium over the DevTools protocol. The browser is given two pipes instead of
 * a port (`--remote-debugging-pipe`): messages are JSON, each ended by a zero byte, so no library
 * is needed.
 *
 * @see https://chromedevtools.github.io/devtools-protocol/
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { toolPath } from './run.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

/** How a page is shown. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
}

/** A node of the accessibility tree. */
export interface AccessibleNode {
  readonly role: string;
  readonly name: string;
  readonly description: string;
}

export class Chromium {
  readonly #process: ChildProcess;
  readonly #input: Writable;
  readonly #pending = new Map<
    number,
    { readonly resolve: (result: Fields) => void; readonly reject: (error: Error) => void }
  >();
  readonly #listeners = new Set<(message: Message) => void>();
  #text = '';
  #lastId = 0;

  private constructor(process: ChildProcess) {
    this.#process = process;
    const [, , , input, output] = process.stdio;
    assert.ok(input && output);
    this.#input = input as Writable;
    this.#input.on('error', () => {});
    const chunks = output as Readable;
    chunks.setEncoding('utf8').on('data', (text: string) => this.#received(text));
    process.once('exit', () => {
      const gone = new Error('chromium has ended');
      for (const { reject } of this.#pending.values()) reject(gone);
    });
  }

  /** Starts a browser that keeps what it must write in `folder`. */
  static async start(folder: string): Promise<Chromium> {
    const args = [
      '--headless=new',
      '--remote-debugging-pipe',
      `--user-data-dir=${folder}`,
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      '--hide-scrollbars',
      // Its sandbox does not run as root, and it is shown our own page only.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ];
    const child = spawn('chromium', args, {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: toolPath, HOME: folder, XDG_CONFIG_HOME: folder },
    });
    await once(child, 'spawn');
    const browser = new Chromium(child);
    await browser.send('Browser.getVersion');
    return browser;
  }

  /** Sends a command and resolves to its result. */
  send(method: string, params: Fields = {}, sessionId?: string): Promise<Fields> {
    const id = ++this.#lastId;
    const session = sessionId === undefined ? {} : { sessionId };
    this.#input.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  /** Calls back with events of one session. */
  onEvent(sessionId: string, listener: (method: string, params: Fields) => void): void {
    this.#listeners.add((message) => {
      if (message.sessionId === sessionId && message.method !== undefined) {
        listener(message.method, message.params ?? {});
      }
    });
  }

  /** Opens a page. */
  async open(url: string, screen: Screen): Promise<Page> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const attached = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, String(attached['sessionId']));
    await page.begin(url, screen);
    return page;
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.send('Browser.close').catch(() => {});
    await exited;
  }

  #received(text: string): void {
    this.#text += text;
    for (let end; (end = this.#text.indexOf('\0')) >= 0;) {
      const message = JSON.parse(this.#text.slice(0, end)) as Message;
      this.#text = this.#text.slice(end + 1);
      const pending = message.id === undefined ? undefined : this.#pending.get(message.id);
      if (message.id === undefined || pending === undefined) {
        for (const listener of this.#listeners) listener(message);
        continue;
      }
      this.#pending.delete(message.id);
      if (message.error === undefined) pending.resolve(message.result ?? {});
      else pending.reject(new Error(message.error.message));
    }
  }
}

export class Page {
  /** What the page or the browser complained of: exceptions, console errors, refused loads. */
  readonly complaints: string[] = [];
  readonly #browser: Chromium;
  readonly #session: string;

  /** Use {@link Chromium.open}. */
  constructor(browser: Chromium, session: string) {
    this.#browser = browser;
    this.#session = session;
  }

  async begin(url: string, screen: Screen): Promise<void> {
    this.#browser.onEvent(this.#session, (method, params) => this.#event(method, params));
    for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Accessibility']) {
      await this.send(`${domain}.enable`);
    }
    await this.show(screen);
    const loaded = new Promise<void>((resolve) => {
      this.#browser.onEvent(this.#session, (method) => {
        if (method === 'Page.loadEventFired') resolve();
      });
    });
    await this.send('Page.navigate', { url });
    await loaded;
  }

  send(method: string, params: Fields = {}): Promise<Fields> {
    return this.#browser.send(method, params, this.#session);
  }

  /** Changes the size of the window and the colours that its user prefers. */
  async show({ width, height, scheme }: Screen): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: width < 600 };
    await this.send('Emulation.setDeviceMetricsOverride', metrics);
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await this.send('Emulation.setEmulatedMedia', { features });
  }

  /** The value of an expression; promises are awaited. */
  async evaluate(expression: string): Promise<unknown> {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', options);
    assert.equal(exceptionDetails, undefined, `${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as Fields)['value'];
  }

  /** Waits until an expression is true; the browser looks at it whenever it draws. */
  async until(expression: string, limitMs = 20_000): Promise<void> {
    const found = await this.evaluate(`new Promise((resolve) => {
      const end = performance.now() + ${limitMs};
      const look = () => {
        if (${expression}) resolve(true);
        else if (performance.now() > end) resolve(false);
        else setTimeout(look, 50);
      };
      look();
    })`);
    assert.equal(found, true, `never came true: ${expression}`);
  }

  /** Presses a key as a person would. */
  async press(key: string, code: number): Promise<void> {
    const event = { key, code: key, windowsVirtualKeyCode: code };
    const text = key === 'Enter' ? { text: '\r' } : {};
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...event, ...text });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  }

  /** The whole page as a PNG. */
  async screenshot(): Promise<Buffer> {
    const { cssContentSize } = await this.send('Page.getLayoutMetrics');
    const { width, height } = cssContentSize as { width: number; height: number };
    const clip = { x: 0, y: 0, width, height, scale: 1 };
    const shot = await this.send('Page.captureScreenshot', { captureBeyondViewport: true, clip });
    return Buffer.from(String(shot['data']), 'base64');
  }

  /** What a screen reader is told, in the order of the page. */
  async accessibleNodes(): Promise<AccessibleNode[]> {
    const { nodes } = await this.send('Accessibility.getFullAXTree');
    const text = (of: unknown): string => {
      const value = (of as Fields | undefined)?.['value'];
      return typeof value === 'string' ? value : '';
    };
    return (nodes as readonly Fields[])
      .filter(({ ignored }) => ignored !== true)
      .map((node) => ({
        role: text(node['role']),
        name: text(node['name']),
        description: text(node['description']),
      }));
  }

  #event(method: string, params: Fields): void {
    if (method === 'Runtime.exceptionThrown') {
      this.complaints.push(JSON.stringify(params['exceptionDetails']));
    } else if (method === 'Runtime.consoleAPICalled') {
      if (params['type'] !== 'log') this.complaints.push(JSON.stringify(params['args']));
    } else if (method === 'Log.entryAdded') {
      const { level, text, url } = params['entry'] as Fields;
      if (level === 'error' || level === 'warning') {
        this.complaints.push(`${String(text)} ${String(url)}`);
      }
    } else if (method === 'Network.responseReceived') {
      const { status, url } = params['response'] as Fields;
      if (Number(status) >= 400) this.complaints.push(`${String(status)} ${String(url)}`);
    }
  }
}
