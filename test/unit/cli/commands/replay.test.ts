// Goal: `zswapd replay` as a user types it: its reports agree with each other, its mistakes cost
// one line, and its HTML needs nothing else.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runMain } from '../../../../src/cli/main.ts';
import { Progress } from '../../../../src/cli/progress.ts';
import type { ReplayResult } from '../../../../src/trace/report/results.ts';
import { projectFile } from '../../../support/project.ts';

const folder = mkdtempSync(join(tmpdir(), 'zswapd-replay-'));
after(() => rmSync(folder, { recursive: true }));

const TRACE = projectFile('test/fixtures/traces/cloudphysics.csv');
const TENANTS = projectFile('test/fixtures/traces/plain.txt');

async function run(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const streams = { out: (text: string) => void (out += text), environment: {} };
  const status = await runMain(['replay', ...argv], streams, (line) => void (err += line));
  return { status, out, err };
}

async function json(...argv: string[]): Promise<ReplayResult> {
  const { status, out, err } = await run('--json', ...argv);
  assert.deepEqual([status, err], [0, '']);
  return JSON.parse(out) as ReplayResult;
}

describe('zswapd replay', () => {
  it('prints the same figures as text, CSV and JSON', async () => {
    const args = [TRACE, '--pool-size', '50p,100p', '--policy', 'lru,belady,second_chance'];
    const result = await json(...args);
    const text = (await run(...args)).out;
    const csv = (await run('--csv', ...args)).out.trim().split('\n');
    assert.equal(result.runs.length, 6);
    assert.equal(csv.length, 7);
    const columns = csv[0]?.split(',') ?? [];
    for (const [index, each] of result.runs.entries()) {
      const row = csv[index + 1]?.split(',') ?? [];
      assert.equal(row[columns.indexOf('miss_ratio')], String(each.miss_ratio));
      assert.equal(row[columns.indexOf('policy')], each.policy);
      if (each.kind === 'cache') assert.ok(text.includes(each.miss_ratio.toFixed(4)));
      assert.equal(each.pool_size, each.pool_pages * 4096);
    }
    assert.match(text, /csv, 600 references \(0 reads, 600 writes, 0 trims\) to 233 objects/);
  });

  it('is the same every time', async () => {
    const args = [TRACE, '--pool-size', '20%', '--seed', '7'];
    assert.equal((await run('--json', ...args)).out, (await run('--json', ...args)).out);
  });

  it('tells tenants apart', async () => {
    const { runs, trace } = await json(TENANTS, '--pool-size', '2p');
    assert.deepEqual(trace.tenants, ['a', 'b']);
    for (const each of runs) assert.deepEqual(Object.keys(each.tenants), ['a', 'b']);
    assert.match((await run(TENANTS, '--pool-size', '2p')).out, /tenant +references/);
  });

  it('measures how well pages compress from a file of them', async () => {
    const profile = projectFile('LICENSE');
    const { machine, runs } = await json(TRACE, '--profile', profile, '--policy', 'protected');
    assert.equal(machine.profile, profile);
    assert.ok(runs.every((each) => each.kind === 'engine' && each.wrong_reads === 0));
  });

  it('writes a report that needs no other file', async () => {
    const html = join(folder, 'report.html');
    const { status } = await run(TENANTS, '--html', html, '--pool-size', '1p,2p,3p');
    assert.equal(status, 0);
    const page = readFileSync(html, 'utf8');
    assert.match(page, /^<!doctype html>\n<html lang="en">/);
    assert.doesNotMatch(page, /<script|<link|<img|\bsrc=|url\(|https?:/);
    assert.match(page, /prefers-color-scheme: dark/);
    assert.match(page, /name="viewport"/);
    const svgs = page.match(/<svg /g) ?? [];
    assert.equal(svgs.length, (page.match(/role="img" aria-label="[^"]+"/g) ?? []).length);
    assert.ok(svgs.length > 3);
    assert.doesNotMatch(page, /NaN|Infinity|undefined/);
    for (const tag of ['table', 'svg', 'figure', 'details', 'ul', 'div']) {
      const opened = page.match(new RegExp(`<${tag}[ >]`, 'g'))?.length;
      assert.equal(opened, page.match(new RegExp(`</${tag}>`, 'g'))?.length, tag);
    }
  });

  it('lists its formats, and its help', async () => {
    assert.match((await run('--list-formats')).out, /^zswapd +what 'zswapd serve --record/);
    assert.match((await run('--help')).out, /^Usage: zswapd replay/);
  });

  it('takes one line for a mistake', async () => {
    const mistakes: readonly (readonly [status: number, message: RegExp, ...argv: string[]])[] = [
      [2, /^zswapd: missing argument; it takes TRACE\n$/],
      [2, /^zswapd: --format: 'zap' is not a format; it takes /, TRACE, '--format', 'zap'],
      [2, /^zswapd: --policy: 'mru' is not a policy; it takes second_/, TRACE, '--policy', 'mru'],
      [2, /^zswapd: --pool-size: '0' is not a size of memory/, TRACE, '--pool-size', '10%,0'],
      [2, /^zswapd: --compressor: unknown compressor 'zip'/, TRACE, '--compressor', 'lz4,zip'],
      [2, /^zswapd: --columns: 'zap' is no column; it takes /, TRACE, '--columns', 'zap'],
      [2, /^zswapd: --device: 'tape' is not a device; it takes /, TRACE, '--device', 'tape'],
      [2, /^zswapd: --json: cannot be given together with --csv/, TRACE, '--json', '--csv'],
      [1, /^zswapd: .*nowhere: there is no such file\n$/, join(folder, 'nowhere')],
      [1, /^zswapd: .*LICENSE: its format is not recognized; name/, projectFile('LICENSE')],
      [1, /^zswapd: --html: /, TENANTS, '--policy', 'lru', '--html', join(folder, 'no', 'where')],
    ];
    for (const [status, message, ...argv] of mistakes) {
      const result = await run(...argv);
      assert.equal(result.status, status, result.err);
      assert.match(result.err, message);
      assert.equal(result.err.split('\n').length, 2, result.err);
    }
  });
});

describe('progress', () => {
  it('is quiet for two seconds, and takes its line away on a terminal', () => {
    let now = 0;
    const written: string[] = [];
    const stream = { isTTY: true, write: (text: string) => written.push(text) };
    const progress = new Progress(stream, () => now);
    progress.update(() => 'early');
    now = 1999;
    progress.update(() => 'still early');
    assert.deepEqual(written, []);
    now = 2000;
    progress.update(() => 'half');
    now = 2050;
    progress.update(() => 'too soon');
    progress.end();
    assert.deepEqual(written, ['\r\u001B[Khalf', '\r\u001B[K']);
  });

  it('is a line now and then where it is no terminal', () => {
    let now = 0;
    const written: string[] = [];
    const progress = new Progress({ write: (text: string) => written.push(text) }, () => now);
    for (now = 0; now <= 20_000; now += 500) progress.update(() => `at ${now}`);
    progress.end();
    assert.deepEqual(written, ['at 2000\n', 'at 12000\n']);
  });
});
