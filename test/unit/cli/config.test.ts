import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  formatServeConfig,
  parametersOf,
  readServeInvocation,
  type ServeConfig,
} from '../../../src/cli/config.ts';
import { parseConfigText } from '../../../src/cli/options/config-file.ts';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'zswapd-config-'));
});
after(() => rmSync(folder, { recursive: true }));

async function configOf(toml: string, ...argv: string[]): Promise<ServeConfig> {
  const path = join(folder, 'zswapd.toml');
  writeFileSync(path, toml);
  return (await readServeInvocation(['--config', path, ...argv])).config;
}

describe('readServeInvocation', () => {
  it('fills in the defaults of the interface', async () => {
    const { config, checkOnly, listenOrigin } = await readServeInvocation([]);
    assert.equal(checkOnly, false);
    assert.equal(listenOrigin, undefined);
    assert.deepEqual(config, {
      unix: [],
      listen: [{ host: '127.0.0.1', port: 10809 }],
      http: { host: '127.0.0.1', port: 9809 },
      control: undefined,
      record: undefined,
      engine: {
        exports: [
          {
            name: 'swap',
            sizeBytes: 2 ** 30,
            zswapMax: 'max',
            zswapWriteback: true,
            compressor: undefined,
          },
        ],
        poolLimit: { kind: 'percent', percent: 20 },
        acceptThresholdPercent: 90,
        shrinkerEnabled: false,
        shrinkerPolicy: 'second_chance',
        compressor: 'lz4',
        spill: './zswapd.swap',
        enabled: true,
        zpool: 'zsmalloc',
        reset: false,
        shards: 1,
      },
    });
  });

  it('listens on TCP by default only where no Unix socket is given', async () => {
    const { config, listenOrigin } = await readServeInvocation(['--unix', '/a', '--unix', '/b']);
    assert.deepEqual(config.unix, ['/a', '/b']);
    assert.deepEqual(config.listen, []);
    assert.equal(listenOrigin, '--unix');
  });

  it('switches spilling and HTTP off', async () => {
    const { config } = await readServeInvocation(['--no-spill', '--no-http']);
    assert.equal(config.engine.spill, undefined);
    assert.equal(config.http, undefined);
  });

  it('refuses two exports of one name', async () => {
    await assert.rejects(readServeInvocation(['--export', 'a:1G', '--export', 'a:2G']), {
      name: 'UsageError',
      message: "--export: 'a' is given twice",
    });
  });

  it('names a configuration file that cannot be read', async () => {
    await assert.rejects(readServeInvocation(['--config', join(folder, 'none')]), {
      name: 'UsageError',
      message: /^--config: cannot read '.*none': ENOENT/,
    });
  });
});

describe('the configuration file', () => {
  it('takes the options flat and export tables', async () => {
    const { engine, unix, http } = await configOf(`
      unix = ["/run/a.sock", "/run/b.sock"]
      pool-size = "64M"
      shrinker-enabled = true
      shrinker-policy = "protected"
      accept-threshold-percent = 80
      spill = false
      no-http = true
      [[export]]
      name = "vm1"
      size = "8M"
      zswap.max = 1048576
      zswap.writeback = false
      [[export]]
      name = "vm2"
      size = 4096
      "zswap.max" = "max"
    `);
    assert.deepEqual(unix, ['/run/a.sock', '/run/b.sock']);
    assert.equal(http, undefined);
    assert.deepEqual(engine.poolLimit, { kind: 'bytes', bytes: 67_108_864 });
    assert.equal(engine.shrinkerEnabled, true);
    assert.equal(engine.shrinkerPolicy, 'protected');
    assert.equal(engine.acceptThresholdPercent, 80);
    assert.equal(engine.spill, undefined);
    assert.deepEqual(
      engine.exports.map(({ name, sizeBytes, zswapMax, zswapWriteback }) => [
        name,
        sizeBytes,
        zswapMax,
        zswapWriteback,
      ]),
      [
        ['vm1', 8_388_608, 1_048_576, false],
        ['vm2', 4096, 'max', true],
      ],
    );
  });

  it('takes the options in [serve], and exports as texts', async () => {
    const { engine } = await configOf('export = "a:1M"\n[serve]\ncompressor = "zstd:3"');
    assert.equal(engine.compressor, 'zstd:3');
    assert.equal(engine.exports[0]?.name, 'a');
  });

  it('loses against the command line', async () => {
    const toml = 'pool-size = "64M"\nspill = "/s"\nexport = ["a:1M", "b:1M"]';
    const { engine } = await configOf(toml, '--max-pool-percent=5', '--no-spill', '--export=c:1M');
    assert.deepEqual(engine.poolLimit, { kind: 'percent', percent: 5 });
    assert.equal(engine.spill, undefined);
    assert.deepEqual(
      engine.exports.map(({ name }) => name),
      ['c'],
    );
  });

  const refused: [string, string, RegExp][] = [
    ['an unknown key', 'pool_sise = 1', /^f\.toml: pool_sise: unknown key/],
    ['an unknown key in [serve]', '[serve]\nfoo = 1', /^f\.toml: foo: unknown key/],
    ['an inherited name', 'toString = 1', /^f\.toml: toString: unknown key/],
    ['an option that is for the command line', 'config = "x"', /^f\.toml: config: unknown key/],
    ['a key at both places', 'http = "a:1"\n[serve]\nhttp = "a:1"', /given both/],
    ['a syntax error, with its place', 'a = = 1', /^f\.toml:1:\d+: /],
    ['a value of another kind', 'compressor = { a = 1 }', /^f\.toml: compressor: takes a string/],
    ['a truth value for a path', 'spill = true', /^f\.toml: spill: takes a path in quotes/],
    ['a number for a path', 'unix = ["/a", 1]', /^f\.toml: unix: takes a path in quotes/],
    ['a switch that is no boolean', 'reset = 1', /^f\.toml: reset: takes true or false/],
    ['an unknown key of an export', '[[export]]\nname="a"\nsize="1M"\nram=1', /unknown key 'ram'/],
    ['an export without a size', '[[export]]\nname="a"', /needs a name and a size/],
  ];
  for (const [what, toml, message] of refused) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(parseConfigText(toml, 'f.toml'), (error) => {
        assert.ok(error instanceof Error);
        assert.equal(error.name, 'UsageError');
        assert.match(error.message, message);
        assert.ok(!error.message.includes('\n'), 'one line');
        return true;
      });
    });
  }

  it('refuses a bad value, naming file and key', async () => {
    await assert.rejects(configOf('max-pool-percent = 140'), {
      name: 'UsageError',
      message: /zswapd\.toml: max-pool-percent: '140' is not a percentage/,
    });
  });
});

describe('formatServeConfig', () => {
  it('writes a file that says the same', async () => {
    const argv = [
      '--unix=/a b"c',
      '--listen=[::1]:0',
      '--pool-size=3M',
      '--no-http',
      '--control=/c',
      '--export=a:1M,zswap.max=4K,zswap.writeback=0,compressor=lz4',
      '--export=b:2M',
      '--enabled=0',
      '--shrinker-enabled=1',
      '--shrinker-policy=protected',
      '--zpool=zbud',
      '--shards=3',
      '--reset',
      '--spill=/s',
    ];
    const { config } = await readServeInvocation(argv);
    assert.deepEqual(await configOf(formatServeConfig(config)), config);
    const defaults = (await readServeInvocation([])).config;
    assert.deepEqual(await configOf(formatServeConfig(defaults)), defaults);
  });
});

describe('parametersOf', () => {
  it('names what can be changed while running', async () => {
    const argv = ['--export=a:1M,zswap.max=4K,zswap.writeback=0', '--pool-size=1M'];
    const { config } = await readServeInvocation(argv);
    assert.deepEqual(Object.fromEntries(parametersOf(config.engine)), {
      enabled: '1',
      compressor: 'lz4',
      pool_size: '1048576',
      accept_threshold_percent: '90',
      shrinker_enabled: '0',
      shrinker_policy: 'second_chance',
      zpool: 'zsmalloc',
      'a:memory.zswap.max': '4096',
      'a:memory.zswap.writeback': '0',
    });
  });
});
