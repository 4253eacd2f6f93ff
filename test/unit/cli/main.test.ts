// Goal: what a user sees of the program as a whole. Method: it runs as a process of its own.
import assert from 'node:assert/strict';
import { symlinkSync, mkdtempSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { VERSION } from '../../../src/cli/version.ts';
import { assertFixture } from '../../support/fixture-text.ts';
import { distFile, runProgram, type Finished } from '../../support/run-program.ts';

function zswapd(...argv: string[]): Promise<Finished> {
  return runProgram('src/cli/main.js', argv).finished;
}

const COMMANDS: readonly string[] = [
  'serve',
  'stat',
  'top',
  'set',
  'reclaim',
  'export',
  'compressors',
  'estimate',
  'tune',
];

describe('zswapd', () => {
  it('shows its commands', async () => {
    const { status, out, err } = await zswapd('--help');
    assert.deepEqual([status, err], [0, '']);
    assertFixture('cli/help.txt', out);
    assert.equal((await zswapd('help')).out, out);
    assert.equal((await zswapd('-h')).out, out);
  });

  for (const command of COMMANDS) {
    it(`shows the options of ${command}`, async () => {
      const { status, out, err } = await zswapd(command, '--help');
      assert.deepEqual([status, err], [0, '']);
      assertFixture(`cli/help-${command}.txt`, out);
      assert.equal((await zswapd('help', command)).out, out);
    });

    it(`prints its version as ${command}, too`, async () => {
      const { status, out } = await zswapd(command, '--version');
      assert.deepEqual([status, out], [0, `${VERSION}\n`]);
    });
  }

  it('prints its version', async () => {
    const { status, out } = await zswapd('--version');
    assert.deepEqual([status, out], [0, `${VERSION}\n`]);
    assert.match(VERSION, /^\d+\.\d+\.\d+/);
  });

  it('runs through a symbolic link, as npm installs it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'zswapd-main-'));
    symlinkSync(distFile('src/cli/main.js'), join(folder, 'zswapd'));
    const { stdout } = spawnSync(process.execPath, [join(folder, 'zswapd'), '--version']);
    assert.equal(String(stdout), `${VERSION}\n`);
    rmSync(folder, { recursive: true });
  });

  const usage: [string, string][] = [
    ['', 'no command given; there are '],
    ['bogus', "unknown command 'bogus'; there are serve, stat, top, set, "],
    ['toString', "unknown command 'toString'"],
    ['--bogus', "unknown command '--bogus'"],
    ['serve --bogus', '--bogus: unknown option'],
    ['serve --recording x', '--recording: unknown option'],
    ['serve extra', "'extra': unexpected argument"],
    ['serve --pool-size 12Q', "--pool-size: '12Q' is not a size; it takes bytes, or 512K"],
    ['serve --max-pool-percent 140', "--max-pool-percent: '140' is not a percentage; it takes"],
    [
      'serve --shrinker-policy lru',
      "--shrinker-policy: 'lru' is not a policy; it takes second_chance, protected",
    ],
    ['serve --shrinker-enabled 2', "--shrinker-enabled: '2' is not a switch; it takes 0 or 1"],
    ['serve --listen 10809', "--listen: '10809' is not HOST:PORT; it takes"],
    ['serve --export swap', "--export: 'swap' is not an export; it takes NAME:SIZE"],
    ['serve --zpool slab', "--zpool: 'slab' is not an allocator; it takes zsmalloc, zbud, z3fold"],
    ['serve --compressor nope', "--compressor: unknown compressor 'nope': known are lz4,"],
    ['serve --compressor zstd:99', "--compressor: compressor 'zstd:99': '99' is no level of zstd"],
    ['serve --compressor lz4:1', "--compressor: compressor 'lz4:1': lz4 has no levels"],
    ['serve --export a:1M,compressor=nope', "--export: a: compressor: unknown compressor 'nope'"],
    ['serve --pool-size 1G --max-pool-percent 3', '--pool-size: cannot be given together with'],
    ['serve --spill x --no-spill', '--spill: cannot be given together with --no-spill'],
    ['serve --config /nonexistent', "--config: cannot read '/nonexistent'"],
    ['stat extra', "'extra': unexpected argument"],
    ['set enabled', 'missing argument; it takes PARAM VALUE'],
    ['reclaim vm1', 'missing argument; it takes EXPORT BYTES'],
    ['reclaim vm1 1Q', "BYTES: '1Q' is not a size; it takes bytes, or 512K"],
    ['export', 'missing argument; it takes add EXPORT | remove NAME | list'],
    ['export drop vm1', "'drop': unknown; there are add, remove, list"],
    ['export add', 'missing argument; add takes NAME:SIZE'],
    ['export add vm1', "'vm1' is not an export; it takes NAME:SIZE"],
    ['export add a:1M b:1M', "'b:1M': unexpected argument"],
    ['export remove', 'missing argument; remove takes NAME'],
    ['export list a', "'a': unexpected argument; list takes none"],
  ];
  for (const [line, message] of usage) {
    it(`answers '${line}' with one line and status 2`, async () => {
      const { status, out, err } = await zswapd(...line.split(' ').filter((word) => word !== ''));
      assert.deepEqual([status, out], [2, '']);
      assert.ok(err.startsWith(`zswapd: ${message}`), err);
      assert.equal(err.indexOf('\n'), err.length - 1, 'one line');
    });
  }

  it('fails with status 1 and one line where no daemon answers', async () => {
    for (const line of [
      ['stat'],
      ['set', 'enabled', '1'],
      ['reclaim', 'vm1', '1M'],
      ['export', 'list'],
    ]) {
      const { status, out, err } = await zswapd(...line, '--control', '/nonexistent/s');
      assert.deepEqual([status, out], [1, '']);
      assert.match(err, /^zswapd: no daemon answers at '\/nonexistent\/s' .*--control.*\n$/);
    }
  });

  it('lists the compressors', async () => {
    const { status, out } = await zswapd('compressors');
    assert.equal(status, 0);
    assert.match(out, /^lz4 \(default\) /m);
    const json = JSON.parse((await zswapd('compressors', '--json')).out) as { name: string }[];
    assert.ok(json.some(({ name }) => name === 'lz4'));
  });

  it('checks a configuration without starting', async () => {
    const { status, out } = await zswapd(
      'serve',
      '--check-config',
      '--export=vm1:8M',
      '--no-spill',
    );
    assert.equal(status, 0);
    assert.match(out, /^no-spill = true$/m);
    assert.match(out, /^name = "vm1"\nsize = "8M"$/m);
  });
});
