import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { readServeInvocation } from '../../../src/cli/config.ts';
import { askDaemon } from '../../../src/cli/control/control-client.ts';
import { startDaemon, type Daemon } from '../../../src/cli/daemon.ts';
import type { DaemonParts } from '../../../src/cli/daemon-parts.ts';
import { tcpUri, unixUri } from '../../../src/cli/listen/listeners.ts';
import { reloadParameters } from '../../../src/cli/commands/serve.ts';
import { parametersOf } from '../../../src/cli/config.ts';
import { ZswapError, type ErrorCode } from '../../../src/std/error.ts';
import type { StatsSnapshot } from '../../../src/metrics/snapshot.ts';
import { createGreetingServer, GREETING } from '../../support/greeting-server.ts';
import { openMemoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';

let folder = '';
let engine: MemoryEngine | undefined;
let log: string[] = [];
let daemons: Daemon[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zswapd-daemon-'));
  engine = undefined;
  log = [];
});
afterEach(async () => {
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  daemons = [];
  rmSync(folder, { recursive: true });
});

const push = (line: string): void => void log.push(line);

function parts(): DaemonParts {
  return {
    open: async (config) => {
      engine = await openMemoryEngine(config);
      return { engine, nbd: createGreetingServer() };
    },
    log: { error: push, warn: push, info: push },
    environment: { XDG_RUNTIME_DIR: folder },
    listenFds: [],
  };
}

async function start(...argv: string[]): Promise<Daemon> {
  const { config } = await readServeInvocation(argv);
  const daemon = await startDaemon(config, parts());
  daemons.push(daemon);
  return daemon;
}

function greetingOf(options: { path: string } | { port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(options);
    socket.on('error', reject);
    socket.once('data', (chunk: Buffer) => {
      socket.destroy();
      resolve(chunk.toString());
    });
  });
}

describe('NBD URIs', () => {
  it('escape names and paths', () => {
    assert.equal(
      unixUri('/run/a b&c.sock', 'vm+1'),
      'nbd+unix:///vm%2B1?socket=/run/a%20b%26c.sock',
    );
    assert.equal(tcpUri({ host: '::1', port: 1 }, 'swap'), 'nbd://[::1]:1/swap');
  });
});

describe('startDaemon', () => {
  it('offers every export at every listener', async () => {
    const unix = join(folder, 'nbd.sock');
    const daemon = await start(
      '--unix',
      unix,
      '--listen',
      '127.0.0.1:0',
      '--export=a:1M',
      '--export=b:1M',
      '--no-http',
    );
    const [a, b, tcpA = '', tcpB] = daemon.uris;
    assert.deepEqual([a, b], [unixUri(unix, 'a'), unixUri(unix, 'b')]);
    const port = Number(new URL(tcpA).port);
    assert.ok(port > 0);
    assert.equal(tcpB, `nbd://127.0.0.1:${port}/b`);
    assert.equal(await greetingOf({ path: unix }), GREETING);
    assert.equal(await greetingOf({ port }), GREETING);
    assert.equal(daemon.http, undefined);
  });

  it('answers statistics and sets parameters on its control socket', async () => {
    const daemon = await start('--listen=127.0.0.1:0', '--no-http');
    assert.equal(daemon.controlPath, join(folder, 'zswapd.sock'));
    const set = { command: 'set', name: 'max_pool_percent', value: '33' };
    assert.equal(await askDaemon(daemon.controlPath, set), '33');
    const stats = (await askDaemon(daemon.controlPath, { command: 'stat' })) as StatsSnapshot;
    assert.equal(stats.parameters.max_pool_percent, 33);
    const bad = askDaemon(daemon.controlPath, { ...set, value: '101' });
    await assert.rejects(bad, { name: 'UsageError', message: /'101' is not a percentage/ });
    const missing = askDaemon(daemon.controlPath, { command: 'set', name: 'enabled' });
    await assert.rejects(missing, { message: 'set: value is not a string' });
  });

  it('is ready until the spill device refuses writes', async () => {
    const daemon = await start('--listen=127.0.0.1:0', '--http=127.0.0.1:0');
    const url = `http://127.0.0.1:${daemon.http?.port}/readyz`;
    assert.equal((await fetch(url)).status, 200);
    engine?.setSpillWritable(false);
    const refused = await fetch(url);
    assert.deepEqual([refused.status, await refused.text()], [503, 'spill not writable\n']);
  });

  it('prints what depends on the machine', async () => {
    await start('--listen=127.0.0.1:0', '--no-http', '--no-spill');
    assert.match(log.join('\n'), /pool limit 1638\.4 MiB \(20 % of memory\), compressor lz4/);
    assert.match(log.join('\n'), /control socket .*zswapd\.sock/);
  });

  it('closes everything when it stops', async () => {
    const unix = join(folder, 'nbd.sock');
    const daemon = await start('--unix', unix, '--http=127.0.0.1:0');
    await daemon.stop();
    assert.equal(engine?.isClosed(), true);
    assert.equal(existsSync(daemon.controlPath), false);
    await assert.rejects(fetch(`http://127.0.0.1:${daemon.http?.port}/`));
    await assert.rejects(greetingOf({ path: unix }));
  });

  it('names the option of a port in use, and closes what it had opened', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => {
      holder.listen(0, '127.0.0.1', resolve);
    });
    const { port } = holder.address() as AddressInfo;
    for (const option of ['--listen', '--http']) {
      const given = `${option}=127.0.0.1:${port}`;
      const other = option === '--listen' ? '--no-http' : '--listen=127.0.0.1:0';
      await assert.rejects(start(given, other), {
        code: 'ZSWAP_LISTEN',
        message: `${option}: 127.0.0.1:${port} is in use; choose another with ${option}`,
      });
      assert.equal(engine?.isClosed(), true);
      assert.equal(existsSync(join(folder, 'zswapd.sock')), false);
    }
    holder.close();
  });

  it('names the option for a spill device that is refused', async () => {
    const { config } = await readServeInvocation(['--listen=127.0.0.1:0', '--no-http']);
    const refusing = (code: ErrorCode): Promise<Daemon> =>
      startDaemon(config, {
        ...parts(),
        open: () => Promise.reject(new ZswapError(code, 'x.swap is odd')),
      });
    const message = '--spill: x.swap is odd';
    await assert.rejects(refusing('ZSWAP_DEVICE_BUSY'), { code: 'ZSWAP_DEVICE_BUSY', message });
    const resettable = { code: 'ZSWAP_DEVICE_UNCLEAN', message: `${message} (--reset)` };
    await assert.rejects(refusing('ZSWAP_DEVICE_UNCLEAN'), resettable);
    await assert.rejects(refusing('ZSWAP_CODEC'), { message: 'x.swap is odd' });
  });

  it('refuses the sockets of a running daemon', async () => {
    const unix = join(folder, 'nbd.sock');
    await start('--unix', unix, '--no-http');
    const same = start('--unix', unix, '--no-http', '--control', join(folder, 'other.sock'));
    await assert.rejects(same, { code: 'ZSWAP_LISTEN', message: /^--unix: .* is in use/ });
    const control = start('--listen=127.0.0.1:0', '--no-http');
    await assert.rejects(control, { code: 'ZSWAP_LISTEN', message: /^--control: .* is in use/ });
    assert.equal(await greetingOf({ path: unix }), GREETING);
  });
});

describe('reloadParameters', () => {
  const base = ['--listen=127.0.0.1:0', '--no-http', '--export=a:1M'];
  const sink = { error: push, warn: push, info: push };

  it('sets what differs and nothing else', async () => {
    const daemon = await start(...base);
    const { config } = await readServeInvocation(base);
    const argv = [
      ...base.slice(0, 2),
      '--export=a:1M,zswap.max=64K',
      '--export=b:1M',
      '--accept-threshold-percent=70',
    ];
    log = [];
    const before = parametersOf(config.engine);
    const now = await reloadParameters(argv, before, daemon.engine, sink);
    assert.deepEqual(log, [
      'reload: accept_threshold_percent = 70',
      'reload: a:memory.zswap.max = 65536',
      'reload: b: exports are added by zswapd export add',
    ]);
    log = [];
    await reloadParameters(argv.slice(0, 3), now, daemon.engine, sink);
    assert.deepEqual(log, ['reload: accept_threshold_percent = 90']);
  });

  it('changes nothing if the configuration is wrong', async () => {
    const daemon = await start(...base);
    const before = new Map([['enabled', '1']]);
    log = [];
    const now = await reloadParameters(['--pool-size=x'], before, daemon.engine, sink);
    assert.equal(now, before);
    assert.match(log.join('\n'), /^reload: --pool-size: 'x' is not a size.*nothing has changed$/);
  });

  it('says what could not be set and tries it again the next time', async () => {
    const daemon = await start(...base);
    const failing = {
      ...daemon.engine,
      setParameter: () => Promise.reject(new RangeError('not now')),
    };
    const { config } = await readServeInvocation(base);
    const before = parametersOf(config.engine);
    log = [];
    const now = await reloadParameters([...base, '--enabled=0'], before, failing, sink);
    assert.deepEqual(log, ['reload: enabled: not now']);
    assert.equal(now.get('enabled'), '1');
  });
});
