import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { scratchFolder } from '../../../support/project.ts';
import { type Finished, runProgram } from '../../../support/run-program.ts';
import { generateMemory } from '../../../support/sample-pages.ts';

function zswapd(...argv: readonly string[]): Promise<Finished> {
  return runProgram('src/cli/main.js', argv).finished;
}

/** A run of `zswapd replay --json`. */
interface ReplayedRun {
  readonly compressor: string;
  readonly policy: string;
  readonly tiers: Readonly<Record<'frames' | 'zswap' | 'zero' | 'device', number>>;
}

interface Trial {
  readonly compressor: string;
  readonly policy: string;
  readonly resident_share: number;
  readonly device_share: number;
  readonly pool_size: number;
  readonly memory_gained: number;
  readonly fault_latency_us: number;
  readonly within_bound: boolean;
}

interface Report {
  readonly ram: number;
  readonly working_set: number;
  readonly assumption: string;
  readonly best: Trial | null;
  readonly front: readonly Trial[];
  readonly trials: readonly Trial[];
  readonly not_tried: readonly string[];
  readonly command: string | null;
}

describe('zswapd tune', () => {
  const folder = scratchFolder(after);
  const pages = join(folder, 'pages');
  const quick = ['--compressor=lz4,zstd:1'];
  before(() => writeFileSync(pages, generateMemory(640)));

  async function reportOf(...argv: readonly string[]): Promise<Report> {
    const { status, out, err } = await zswapd('tune', '--json', pages, ...quick, ...argv);
    assert.equal(status, 0, err);
    return JSON.parse(out) as Report;
  }

  it('prints the front, the best of it, and what it did not try', async () => {
    const report = await reportOf('--ram=1M', '--latency-us=90');
    const { best, front, trials, not_tried: notTried, command } = report;
    assert.equal(trials.length, 2 * 10);
    assert.ok(front.length > 0 && front.length <= trials.length);
    assert.ok(best !== null && best.within_bound);
    assert.ok(front.some(({ pool_size: size }) => size === best.pool_size));
    assert.ok(notTried.some((what) => what.includes('writeback=0')));
    const [, ...words] = (command ?? '').split(' ');
    assert.equal((await zswapd(...words, '--check-config')).status, 0);
  });

  it('takes the references of a trace', async () => {
    const trace = join(folder, 'trace');
    const lines = Array.from(
      { length: 4000 },
      (_, at) => `${at % 200},${at % 3 === 0 ? 'w' : 'r'}`,
    );
    writeFileSync(trace, lines.join('\n'));
    const report = await reportOf('--trace', trace);
    assert.deepEqual([report.working_set, report.ram], [200 * 4096, 100 * 4096]);
    assert.equal(report.trials.length, 2 * 5 * 2);
    assert.match(report.assumption, /^the 4000 references of .*trace \(plain\), run by the engine/);
    assert.ok(report.not_tried.some((what) => what.includes('writeback=0')));
  });

  it('runs each setting of a trace as replay does', async () => {
    const trace = join(folder, 'loop');
    const lines = Array.from({ length: 6000 }, (_, at) => `${(at * at) % 311},w`);
    writeFileSync(trace, lines.join('\n'));
    const sizes = ['--ram=240K', '--pool-size=60K', '--device-us=70'];
    const { trials } = await reportOf('--trace', trace, ...sizes);
    const { status, out, err } = await zswapd(
      'replay',
      trace,
      '--json',
      '--frames=180K',
      '--pool-size=60K',
      `--profile=${pages}`,
      '--compressor=lz4,zstd:1',
      '--policy=second_chance,protected',
      '--device=read=70,write=70,channels=4',
    );
    assert.equal(status, 0, err);
    const { runs } = JSON.parse(out) as { readonly runs: readonly ReplayedRun[] };
    assert.equal(trials.length, runs.length);
    for (const { compressor, policy, tiers } of runs) {
      const trial = trials.find((each) => each.compressor === compressor && each.policy === policy);
      const inPool = tiers.zswap + tiers.zero;
      const total = tiers.frames + inPool + tiers.device;
      assert.ok(trial !== undefined && tiers.device > 0 && inPool > 0);
      // A part of the time is the compressor's, which is measured anew, and decides nothing much.
      assert.ok(Math.abs(trial.resident_share - tiers.frames / total) < 0.001);
      assert.ok(Math.abs(trial.device_share - tiers.device / total) < 0.05);
    }
  });

  it('leaves RAM out of what was recorded at a swap device', async () => {
    const trace = join(folder, 'requests.log');
    const lines = Array.from({ length: 900 }, (_, at) => {
      const op = at % 3 === 0 ? 'write' : 'read';
      return `${at} /dev/sdb ${op} ${4096 * ((at * 7) % 151)} 4096\n`;
    });
    writeFileSync(trace, `fio version 3 iolog\n${lines.join('')}`);
    const { assumption, trials } = await reportOf('--trace', trace);
    assert.match(assumption, /\(fio\); they were recorded at a swap device, so none is to RAM/);
    assert.ok(trials.every(({ resident_share: share }) => share === 0));
  });

  it('reads in eighty columns', async () => {
    const { status, out } = await zswapd('tune', pages, ...quick);
    assert.equal(status, 0);
    assert.deepEqual(
      out.split('\n').filter((line) => line.length > 80),
      [],
    );
    assert.match(out, /\nNext:\n {2}npx zswapd serve .*\n$/);
  });

  it('says so where no setting is within the bound', async () => {
    const { status, out } = await zswapd('tune', pages, ...quick, '--latency-us=1');
    assert.equal(status, 0);
    assert.match(out, /Nothing keeps faults to 1 us: the least is/);
    assert.doesNotMatch(out, /Next:/);
  });

  it('refuses a trace in which no page ever comes back', async () => {
    const trace = join(folder, 'once');
    writeFileSync(trace, '1\n2\n3\n');
    const { status, err } = await zswapd('tune', pages, ...quick, '--trace', trace);
    assert.equal(status, 1);
    assert.match(err, /^zswapd: '.*once' is no use: no page is referenced twice.*\n$/);
  });

  const failures: readonly [argv: readonly string[], status: number, message: RegExp][] = [
    [[], 2, /missing argument; it takes --pid PID or FILE…/],
    [['--aim=speed', 'f'], 2, /--aim: 'speed' is not an aim; it takes memory, latency/],
    [['--skew=7', 'f'], 2, /--skew: '7' is not a skew; it takes a number from 0 to 3/],
    [['--skew=1', '--trace=x', 'f'], 2, /cannot be given together with/],
    [['--latency-us=0', 'f'], 2, /--latency-us: '0' is not microseconds; it takes a whole number/],
    [['--ram=64K', '--pool-size=1M', pages], 2, /--pool-size: 1048576 bytes are not less than/],
    [['--trace=/nonexistent', pages], 1, /\/nonexistent: there is no such file/],
    [['/nonexistent'], 1, /cannot read '\/nonexistent'/],
  ];
  for (const [argv, expected, message] of failures) {
    it(`answers ${argv.join(' ') || 'nothing'} with one line and status ${expected}`, async () => {
      const { status, out, err } = await zswapd('tune', ...argv);
      assert.deepEqual([status, out], [expected, '']);
      assert.match(err, message);
      assert.match(err, /^zswapd: .*\n$/);
    });
  }
});
