// Goal: what is read of a process is its memory, and no more is counted than it takes. Method: this
// very process, and children that do one thing to their memory and then wait.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { drawSample, type Sample, ZERO_PAGE } from '../../../../src/estimate/sample.ts';
import { explainRefusal, openProcess } from '../../../../src/estimate/source/process.ts';
import { parseSmaps } from '../../../../src/estimate/source/smaps.ts';
import { ZswapError } from '../../../../src/std/error.ts';
import { MIB, PAGE_SIZE } from '../../../../src/std/units.ts';

interface Child {
  readonly pid: number;
  /** Kills it and waits until it is gone. */
  readonly end: () => Promise<void>;
}

/** Starts Node with a program that must print a line when it is ready; ends with the test. */
async function startChild(t: TestContext, program: string): Promise<Child> {
  const waiting = `${program}; setInterval(() => {}, 1000); console.log('ready')`;
  const child = spawn(process.execPath, ['-e', waiting], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.ok(child.pid !== undefined);
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { pid: child.pid, end };
}

function readAll(pid: number): Sample {
  const source = openProcess(pid);
  const sample = drawSample(source, { pages: source.pages });
  source.close();
  return sample;
}

function countPages(sample: Sample, has: (page: Uint8Array) => boolean): number {
  let count = 0;
  for (let at = 0; at < sample.pages * PAGE_SIZE; at += PAGE_SIZE) {
    if (has(sample.bytes.subarray(at, at + PAGE_SIZE))) count++;
  }
  return count;
}

describe('the memory of a process', () => {
  it('has the pages that the process wrote, each once', async (t) => {
    const { pid } = await startChild(t, 'globalThis.kept = Buffer.alloc(8 << 20, 0xa7)');
    const sample = readAll(pid);
    const found = countPages(sample, (page) => page.every((byte) => byte === 0xa7));
    // A page or two at the ends belong to the allocator.
    assert.ok(found >= (8 * MIB) / PAGE_SIZE - 2 && found <= (8 * MIB) / PAGE_SIZE, String(found));
  });

  it('is about what the kernel says is in RAM', async (t) => {
    const { pid } = await startChild(t, 'globalThis.kept = Buffer.alloc(8 << 20, 1)');
    const sample = readAll(pid);
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kib = Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]);
    assert.ok(Math.abs((sample.pages * PAGE_SIZE) / 1024 / kib - 1) < 0.05, `${kib}`);
  });

  it('does not count what was reserved or read, and never written', async (t) => {
    const program =
      'globalThis.kept = new Uint8Array(64 << 20); let sum = 0; ' +
      'for (let at = 0; at < kept.length / 2; at += 4096) sum += kept[at]';
    const sample = readAll((await startChild(t, program)).pid);
    const zeros = sample.kinds.reduce((sum, kind) => sum + Number(kind === ZERO_PAGE), 0);
    assert.ok(zeros < (16 * MIB) / PAGE_SIZE, `${zeros} zero pages`);
  });

  it('is that of the process itself, too', () => {
    const source = openProcess(process.pid);
    assert.match(source.name, new RegExp(`^process ${process.pid} \\(.+\\)$`));
    assert.ok(source.pages > 1000);
    const sample = drawSample(source, { pages: 256 });
    assert.ok(sample.pages > 128 && sample.population <= source.pages);
    source.close();
  });

  it('goes on to be read when the process ends: its pages are gone', async (t) => {
    const { pid, end } = await startChild(t, 'globalThis.kept = Buffer.alloc(1 << 20, 1)');
    const source = openProcess(pid);
    await end();
    const sample = drawSample(source, { pages: 64 });
    source.close();
    assert.deepEqual([sample.pages, sample.population], [0, 0]);
  });

  it('of nobody is refused by name', () => {
    assert.throws(
      () => openProcess(4_194_304),
      (error) =>
        error instanceof ZswapError &&
        error.code === 'ZSWAP_PAGES' &&
        error.message === 'there is no process 4194304',
    );
  });
});

describe('a refusal', () => {
  it('says what to do about it', () => {
    assert.equal(explainRefusal(7, 'ESRCH', undefined), 'there is no process 7');
    assert.match(explainRefusal(7, 'EACCES', undefined), /process 7 .*own user, or with sudo$/);
    assert.match(explainRefusal(7, 'EACCES', '0'), /own user, or with sudo$/);
    assert.match(explainRefusal(7, 'EPERM', '1'), /ptrace_scope is 1 here.*sudo gcore PID/);
  });
});

describe('smaps', () => {
  const text = [
    '55d0c0000000-55d0c0200000 rw-p 00000000 00:00 0                          [heap]',
    'Size:               2048 kB',
    'Rss:                1024 kB',
    'Anonymous:          1000 kB',
    'Swap:                 24 kB',
    'VmFlags: rd wr mr mw me ac sd',
    '7f0000000000-7f0000100000 r-xp 00000000 08:01 1234                       /usr/lib/libc.so.6',
    'Rss:                1024 kB',
    'Anonymous:             0 kB',
    'Swap:                  0 kB',
    '7f0000200000-7f0000201000 rw-p 00100000 08:01 1234                       /usr/lib/libc.so.6',
    'Rss:                   4 kB',
    'Anonymous:             4 kB',
    'Swap:                  0 kB',
    '7f0000300000-7f0000400000 rw-s 00000000 00:01 99                 /dev/zero (deleted)',
    'Rss:                 512 kB',
    'Anonymous:             0 kB',
    'Swap:                  8 kB',
    '7f0000500000-7f0000600000 rw-s 00000000 08:01 77                         /var/lib/data',
    'Rss:                1024 kB',
    'Anonymous:             0 kB',
    'Swap:                  0 kB',
    '7ffe00000000-7ffe00002000 r-xp 00000000 00:00 0                          [vdso]',
    'Rss:                   8 kB',
    'Anonymous:             8 kB',
    'Swap:                  0 kB',
    '',
  ].join('\n');

  it('gives anonymous and shared memory, and none that files of a disk stand behind', () => {
    const found = parseSmaps(text).map(({ start, isShared, residentBytes, swappedBytes }) => [
      start.toString(16),
      isShared,
      residentBytes / 1024,
      swappedBytes / 1024,
    ]);
    assert.deepEqual(found, [
      ['55d0c0000000', false, 1000, 24],
      ['7f0000200000', false, 4, 0],
      ['7f0000300000', true, 512, 8],
    ]);
  });

  it('of a process without memory of its own is empty', () => {
    assert.deepEqual(parseSmaps(''), []);
  });
});
