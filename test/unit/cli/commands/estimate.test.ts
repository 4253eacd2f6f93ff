// Goal: the command says what it promises of pages whose figures are known, and says in one line
// what is wrong with what it cannot read. Method: the program itself, on files made here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PAGE_SIZE } from '../../../../src/std/units.ts';
import { makeCore } from '../../../support/elf-core.ts';
import { scratchFolder } from '../../../support/project.ts';
import { distFile, type Finished, runProgram } from '../../../support/run-program.ts';
import { generateMemory } from '../../../support/sample-pages.ts';

function zswapd(...argv: readonly string[]): Promise<Finished> {
  return runProgram('src/cli/main.js', argv).finished;
}

/** The contract: each figure of a compressor, and its type. */
const CONTRACT: Readonly<Record<string, 'string' | 'number' | 'object'>> = {
  compressor: 'string',
  pages: 'number',
  zero_pages: 'number',
  same_filled_pages: 'number',
  incompressible_pages: 'number',
  compressed_bytes: 'number',
  pool_total_size: 'object',
  compress_us: 'number',
  decompress_us: 'number',
};

interface Report {
  readonly sample: { readonly sampled_pages: number; readonly method: string };
  readonly compressors: readonly (Record<string, unknown> & {
    readonly compressor: string;
    readonly pages: number;
    readonly compressed_bytes: number;
    readonly ratio: number;
    readonly ratio_95: readonly [number, number];
    readonly pool_total_size: Readonly<Record<string, number>>;
  })[];
  readonly recommendation: { readonly compressor: string | null; readonly command: string };
}

async function reportOf(...argv: readonly string[]): Promise<Report> {
  const { status, out, err } = await zswapd('estimate', '--json', ...argv);
  assert.equal(status, 0, err);
  return JSON.parse(out) as Report;
}

describe('zswapd estimate', () => {
  const folder = scratchFolder(after);
  const pages = join(folder, 'pages');
  before(() => writeFileSync(pages, generateMemory(640)));

  it('prints JSON by its contract', async () => {
    const { compressors, recommendation } = await reportOf(pages);
    assert.deepEqual(
      compressors.map(({ compressor }) => compressor),
      ['lz4', 'lzo', 'lzo-rle', 'zstd:-3', 'zstd:-1', 'zstd:1', 'zstd', 'deflate'],
    );
    for (const row of compressors) {
      for (const [key, type] of Object.entries(CONTRACT)) assert.equal(typeof row[key], type, key);
      assert.deepEqual(Object.keys(row.pool_total_size), ['zsmalloc', 'zbud', 'z3fold']);
      const { pages: count, zero_pages: zero, same_filled_pages: same } = row;
      assert.deepEqual([count, zero, same], [640, 40, 80]);
      assert.ok(row.compressed_bytes < 640 * PAGE_SIZE);
      for (const bytes of Object.values(row.pool_total_size)) assert.equal(bytes % PAGE_SIZE, 0);
    }
    assert.match(recommendation.command, /^zswapd serve --compressor \S+ --pool-size \S+ --export/);
  });

  it('advises a command that serve takes', async () => {
    const { recommendation } = await reportOf(pages, '--pool-size=64M');
    const [, ...words] = recommendation.command.split(' ');
    const { status, err } = await zswapd(...words, '--check-config');
    assert.deepEqual([status, err], [0, '']);
  });

  it('foretells the pool of each compressor that was asked for, at its level', async () => {
    const { compressors } = await reportOf(pages, '--compressor=lz4,zstd:9', '--compressor=zstd:3');
    assert.deepEqual(
      compressors.map(({ compressor }) => compressor),
      ['lz4', 'zstd:9', 'zstd'],
    );
    const [lz4, dense] = compressors;
    assert.ok((dense?.compressed_bytes ?? 0) < (lz4?.compressed_bytes ?? 0));
  });

  it('says how far a sample may be off, and is right', async () => {
    const whole = await reportOf(pages, '--compressor=lz4');
    for (const how of [[], ['--seed=5']]) {
      const part = await reportOf(pages, '--compressor=lz4', '--sample=256', ...how);
      assert.equal(part.sample.sampled_pages, 256);
      assert.equal(part.sample.method, how.length === 0 ? 'even' : 'random');
      const [low, high] = part.compressors[0]?.ratio_95 ?? [0, 0];
      const ratio = whole.compressors[0]?.ratio ?? 0;
      assert.ok(low <= ratio && ratio <= high, `${low} ${ratio} ${high}`);
      assert.equal(part.compressors[0]?.pages, 640);
    }
  });

  it('reads in eighty columns, and ends with the command to run next', async () => {
    for (const argv of [[pages], [pages, '--sample=64', '--seed=1'], ['--pid', `${process.pid}`]]) {
      const { status, out } = await zswapd('estimate', ...argv, '--pool-size=1G');
      assert.equal(status, 0);
      const long = out.split('\n').filter((line) => line.length > 80);
      assert.deepEqual(long, []);
      assert.match(out, /\nNext:\n {2}npx zswapd \S.*\nThen let something swap onto it[^]*\n$/);
    }
  });

  it('reads a core dump by its segments', async () => {
    const core = join(folder, 'core');
    const memory = generateMemory(64);
    writeFileSync(core, makeCore([memory.subarray(0, 16 * PAGE_SIZE), memory.subarray(0, 0)]));
    const { compressors } = await reportOf(core, '--compressor=lz4');
    assert.equal(compressors[0]?.pages, 16);
  });

  const failures: readonly [what: string, argv: readonly string[], message: RegExp][] = [
    ['no such process', ['--pid', '4194304'], /there is no process 4194304/],
    ['no such file', ['/nonexistent'], /cannot read '\/nonexistent': there is no such file/],
    ['what is no file', ['/dev/null'], /neither a file nor a folder/],
    ['a file that is no core dump', ['--format=core', pages], /is not an ELF file/],
  ];
  for (const [what, argv, message] of failures) {
    it(`fails with status 1 and one line for ${what}`, async () => {
      const { status, out, err } = await zswapd('estimate', ...argv);
      assert.deepEqual([status, out], [1, '']);
      assert.match(err, message);
      assert.match(err, /^zswapd: .*\n$/);
    });
  }

  it('fails with status 1 for a core dump that is cut off', async () => {
    const path = join(folder, 'cut');
    writeFileSync(path, makeCore([generateMemory(4)]).subarray(0, 3 * PAGE_SIZE));
    const { status, err } = await zswapd('estimate', path);
    assert.equal(status, 1);
    assert.match(err, /^zswapd: '.*cut' is cut off: at least 8192 bytes of memory are missing\n$/);
  });

  it('says whose a process is that it may not read', (t) => {
    const main = distFile('src/cli/main.js');
    if (process.getuid?.() !== 0 || ![main, process.execPath].every(isReadableByAll)) {
      t.skip('skipped: needs root, and a build and a Node that others may read');
      return;
    }
    const argv = [main, 'estimate', '--pid', String(process.pid)];
    const asOther = spawnSync(process.execPath, argv, {
      uid: 65_534,
      gid: 65_534,
      encoding: 'utf8',
    });
    assert.equal(asOther.status, 1, asOther.stderr);
    assert.match(asOther.stderr, /^zswapd: the memory of process \d+ may not be read .*sudo.*\n$/);

    const secret = join(folder, 'secret');
    writeFileSync(secret, generateMemory(1), { mode: 0o600 });
    chmodSync(folder, 0o755);
    const argvFile = [main, 'estimate', secret];
    const file = spawnSync(process.execPath, argvFile, {
      uid: 65_534,
      gid: 65_534,
      encoding: 'utf8',
    });
    assert.match(file.stderr, /^zswapd: cannot read '.*secret': no permission to read it;.*\n$/);
  });

  const usage: readonly [line: string, message: string][] = [
    ['estimate', 'missing argument; it takes --pid PID or FILE…'],
    ['estimate --pid 1 file', '--pid: cannot be given together with files'],
    ['estimate --pid x', "--pid: 'x' is not a process number; it takes a whole number, 1 to"],
    ['estimate --sample 0 f', "--sample: '0' is not a number of pages; it takes"],
    ['estimate --format elf f', "--format: 'elf' is not a format; it takes auto, pages, core"],
    ['estimate --compressor lz4,nope f', "--compressor: unknown compressor 'nope': known are"],
    ['estimate --pool-size 12 f', "--pool-size: '12' is less than a page (4096 bytes)"],
    ['estimate --seed -1 f', '--seed: needs a value; it takes NUMBER'],
  ];
  for (const [line, message] of usage) {
    it(`answers '${line}' with one line and status 2`, async () => {
      const { status, out, err } = await zswapd(...line.split(' '));
      assert.deepEqual([status, out], [2, '']);
      assert.ok(err.startsWith(`zswapd: ${message}`), err);
      assert.equal(err.indexOf('\n'), err.length - 1, 'one line');
    });
  }
});

/** Whether somebody else may run a file: it and every folder above it. */
function isReadableByAll(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
  } catch {
    return false;
  }
  const { status } = spawnSync('test', ['-r', path], { uid: 65_534, gid: 65_534 });
  return status === 0;
}
