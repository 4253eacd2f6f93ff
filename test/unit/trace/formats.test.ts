// Goal: every format is recognized and read for what it is, whole, in pieces, and compressed; and
// what is broken is refused with one error that names the place.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ZswapError } from '../../../src/std/error.ts';
import { TRACE_FORMATS } from '../../../src/trace/formats/index.ts';
import { openTraceFile } from '../../../src/trace/input/trace-file.ts';
import { readTrace, type ReadOptions } from '../../../src/trace/read-trace.ts';
import { parseColumns } from '../../../src/trace/text/columns.ts';
import { projectFile } from '../../support/project.ts';
import { fixtureTrace, readBytes } from '../../support/traces.ts';

interface Expected {
  readonly format: string;
  readonly counts: readonly [reads: number, writes: number, trims: number];
  readonly objects: number;
  readonly tenants?: readonly string[];
  readonly seconds?: number;
  readonly options?: ReadOptions;
}

const COLUMNS = parseColumns('time-col=1,obj-size-col=2,obj-id-col=3,tenant-col=4,op-col=5');

const FIXTURES: Readonly<Record<string, Expected>> = {
  'plain.txt': { format: 'plain', counts: [3, 2, 1], objects: 3, tenants: ['a', 'b'] },
  'lirs.trace': { format: 'plain', counts: [6, 0, 0], objects: 3 },
  'cloudphysics.txt': { format: 'plain', counts: [600, 0, 0], objects: 233 },
  'cloudphysics.csv': { format: 'csv', counts: [0, 600, 0], objects: 233, seconds: 186 },
  'cloudphysics.vscsi': { format: 'vscsi', counts: [0, 600, 0], objects: 233, seconds: 186.6 },
  'cloudphysics.oracleGeneral.bin': {
    format: 'oracleGeneral',
    counts: [600, 0, 0],
    objects: 233,
    seconds: 186,
  },
  'cloudphysics.u32': {
    format: 'cloudphysics',
    counts: [100, 0, 0],
    objects: 65,
    options: { format: 'cloudphysics' },
  },
  'columns.csv': {
    format: 'csv',
    counts: [1, 1, 1],
    objects: 2,
    tenants: ['7', '8'],
    seconds: 20,
    options: {
      columns: parseColumns(
        'time-col=1,obj-size-col=2,obj-id-col=3,tenant-col=4,op-col=5,delimiter=;',
      ),
    },
  },
  'vscsi2.vscsi': { format: 'vscsi', counts: [26, 14, 0], objects: 7, seconds: 39 },
  'described.lcs': { format: 'lcs', counts: [6, 6, 0], objects: 5, tenants: ['1', '2'] },
  'v1.lcs': { format: 'lcs', counts: [12, 0, 0], objects: 5, seconds: 11 },
  'v2.lcs': { format: 'lcs', counts: [6, 6, 0], objects: 5, tenants: ['1', '2'] },
  'v3.lcs': { format: 'lcs', counts: [6, 6, 0], objects: 5, tenants: ['1', '2'] },
  'twitter.csv': { format: 'twitter', counts: [2, 1, 1], objects: 3, tenants: ['4', '5', '7'] },
  'kvcache.csv': { format: 'cachelib', counts: [4, 1, 1], objects: 3, tenants: ['graph', 'feed'] },
  'msr.csv': { format: 'msr', counts: [8, 4, 0], objects: 12, tenants: ['hm.0', 'hm.1'] },
  'systor17.csv': { format: 'systor17', counts: [3, 1, 0], objects: 3, tenants: ['2', '3'] },
  'spc.trace': { format: 'spc', counts: [2, 4, 0], objects: 4, tenants: ['0', '1'] },
  'alibaba.csv': { format: 'alibaba', counts: [2, 4, 0], objects: 5, tenants: ['419', '725'] },
  'tencent.csv': { format: 'tencent', counts: [7, 1, 0], objects: 7, tenants: ['1293', '1360'] },
  'arc.lis': { format: 'arc', counts: [8, 0, 0], objects: 5 },
  'fio-v2.log': { format: 'fio', counts: [1, 2, 1], objects: 2, tenants: ['/dev/sdb'] },
  'fio-v3.log': { format: 'fio', counts: [1, 2, 1], objects: 2, tenants: ['/dev/sdb'] },
  'blkparse.txt': { format: 'blkparse', counts: [1, 2, 1], objects: 2, tenants: ['8,16'] },
  'perf.txt': { format: 'perf', counts: [2, 1, 0], objects: 2, tenants: ['4242', '7'] },
  'major-faults.txt': { format: 'perf', counts: [2, 0, 0], objects: 2, tenants: ['4242'] },
  'damon.txt': { format: 'damon', counts: [4, 0, 0], objects: 3, tenants: ['0'] },
  'lackey.txt': { format: 'lackey', counts: [2, 2, 0], objects: 3 },
  'address.trace': { format: 'lackey', counts: [3, 1, 0], objects: 2 },
  'block_state.txt': { format: 'zram-block-state', counts: [0, 3, 0], objects: 3 },
};

const folder = mkdtempSync(join(tmpdir(), 'zswapd-traces-'));
after(() => rmSync(folder, { recursive: true }));

describe('trace formats', () => {
  for (const [name, expected] of Object.entries(FIXTURES)) {
    it(`reads ${name} as ${expected.format}, also in small pieces`, async () => {
      const bytes = readFileSync(projectFile(`test/fixtures/traces/${name}`));
      const whole = await fixtureTrace(name, expected.options);
      const pieces = await readBytes(bytes, expected.options, name);
      for (const { format, trace } of [whole, pieces]) {
        assert.equal(format.name, expected.format);
        assert.deepEqual([trace.reads, trace.writes, trace.trims], expected.counts);
        assert.equal(trace.objectCount, expected.objects);
        assert.deepEqual(trace.tenants.slice(1), expected.tenants ?? []);
        if (expected.seconds !== undefined) {
          assert.ok(Math.abs(trace.seconds - expected.seconds) < 0.01, String(trace.seconds));
        }
      }
      assert.deepEqual(pieces.trace, whole.trace);
    });
  }

  it('has a fixture of every format but the daemon’s own, which its test makes', () => {
    const tried = new Set(Object.values(FIXTURES).map(({ format }) => format));
    const missing = TRACE_FORMATS.filter(({ name }) => !tried.has(name) && name !== 'zswapd');
    assert.deepEqual(missing, []);
  });

  it('makes pages of sectors where asked to', async () => {
    const { unit, trace } = await fixtureTrace('vscsi2.vscsi', { unit: 'page' });
    assert.equal(unit, 'page');
    // 4 KiB from seven sectors in a row, eight apart: each on a page of its own.
    assert.equal(trace.objectCount, 7);
    await assert.rejects(fixtureTrace('plain.txt', { unit: 'page' }), /names objects/);
  });

  it('keeps to a limit', async () => {
    const { trace } = await fixtureTrace('cloudphysics.csv', { limit: 100 });
    assert.equal(trace.referenceCount, 100);
  });
});

describe('compressed traces', () => {
  const plain = readFileSync(projectFile('test/fixtures/traces/cloudphysics.txt'));

  const read = async (name: string, bytes: Uint8Array): Promise<number> => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return (await readTrace(openTraceFile(path), {})).trace.referenceCount;
  };

  it('are read through gzip, also several one after the other', async () => {
    assert.equal(await read('one.gz', gzipSync(plain)), 600);
    assert.equal(await read('two', Buffer.concat([gzipSync(plain), gzipSync(plain)])), 1200);
  });

  it('are read through zstd and xz', async () => {
    for (const name of ['three-lines.txt.zst', 'three-lines.txt.xz']) {
      const { trace } = await fixtureTrace(name);
      assert.equal(trace.referenceCount, 3);
    }
  });

  it('are refused in one sentence where they are cut off', async () => {
    for (const [name, kind] of [
      ['three-lines.txt.zst', 'zstd'],
      ['three-lines.txt.xz', 'xz'],
    ] as const) {
      const bytes = readFileSync(projectFile(`test/fixtures/traces/${name}`));
      await assert.rejects(read(name, bytes.subarray(0, bytes.length - 20)), (error) => {
        assert.ok(error instanceof ZswapError && error.code === 'ZSWAP_TRACE');
        assert.match(error.message, new RegExp(`^.*${name}: expected ${kind} data: .*cut off$`));
        return true;
      });
    }
    const cut = gzipSync(plain).subarray(0, 1000);
    await assert.rejects(read('cut.gz', cut), /cut\.gz: expected gzip data/);
  });

  it('come from standard input, too', async () => {
    const source = openTraceFile('-', Readable.from([gzipSync(plain)]));
    assert.equal((await readTrace(source, {})).trace.referenceCount, 600);
  });
});

describe('broken traces', () => {
  const BROKEN: readonly (readonly [
    what: string,
    bytes: string | Uint8Array,
    options: ReadOptions,
    message: RegExp,
  ])[] = [
    ['an empty file', '', {}, /^made-up: it is empty$/],
    ['noise', new Uint8Array(1000).fill(0xee), {}, /^made-up: its format is not recognized; name/],
    [
      'a word',
      '1\n2\nthree four\n',
      { format: 'plain' },
      /^made-up:3: expected page.*'three four'/,
    ],
    ['a column', 'time,id,size\n1,7,4096\n2,8\n', {}, /^made-up:3: expected a size in column 3/],
    ['no columns', 'a;b\n', { format: 'csv' }, /^made-up:1: expected a first line with the names/],
    [
      'an op',
      '1,5,zap\n',
      { columns: parseColumns('obj-id-col=2,op-col=3') },
      /:1: expected an op/,
    ],
    ['msr', '1,h,0,Erase,0,1,1\n', { format: 'msr' }, /^made-up:1: expected timestamp,host,disk/],
    ['fio', 'fio version 9 iolog\n', { format: 'fio' }, /^made-up:1: expected 'fio version 2/],
    ['fio action', 'fio version 2 iolog\nf eat 0 1\n', {}, /^made-up:2: expected file read\|write/],
    ['blkparse', 'hello\n', { format: 'blkparse' }, /^made-up:1: expected device cpu number/],
    ['perf', 'hello\n', { format: 'perf' }, /^made-up:1: expected a page fault/],
    ['damon', 'hello\n', { format: 'damon' }, /^made-up:1: expected damon_aggregated/],
    ['lackey', ' L zz,4\n', { format: 'lackey' }, /^made-up:1: expected lackey's/],
    ['block_state', '1 2\n', { format: 'zram-block-state' }, /^made-up:1: expected block, seconds/],
    ['twitter', 'a,b\n', { format: 'twitter' }, /^made-up:1: expected timestamp,key/],
    ['kvcache', 'key,op\n1,ZAP\n', { format: 'cachelib' }, /^made-up:2: expected key,op,size/],
    ['arc', '1 2 3\n', { format: 'arc' }, /^made-up:1: expected first block/],
    [
      'half a record',
      new Uint8Array(30),
      { format: 'oracleGeneral' },
      /byte 24: expected a record/,
    ],
    ['half a number', new Uint8Array(6), { format: 'cloudphysics' }, /byte 4: expected a record/],
    ['no vscsi', new Uint8Array(400), { format: 'vscsi' }, /byte 0: expected records of vscsi/],
    ['half a header', new Uint8Array(100), { format: 'lcs' }, /byte 100: expected an LCS header/],
    ['no magic', new Uint8Array(9000), { format: 'lcs' }, /byte 0: expected LCS's magic number/],
    ['a long line', '7'.repeat(70_000), { format: 'plain' }, /^made-up:1: expected a line of text/],
  ];
  for (const [what, bytes, options, message] of BROKEN) {
    it(`are refused where they break: ${what}`, async () => {
      await assert.rejects(readBytes(bytes, options), (error) => {
        assert.ok(error instanceof ZswapError && error.code === 'ZSWAP_TRACE');
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    });
  }

  it('are read up to the first error where that is asked for', async () => {
    const { trace, stopped } = await readBytes('1\n2\nx y z\n4\n', {
      format: 'plain',
      partial: true,
    });
    assert.equal(trace.referenceCount, 2);
    assert.match(stopped ?? '', /^made-up:3: expected/);
  });

  it('are refused where there is no file', async () => {
    const missing = join(folder, 'missing');
    await assert.rejects(readTrace(openTraceFile(missing), {}), /missing: there is no such file/);
    await assert.rejects(readTrace(openTraceFile(folder), {}), /: it is a folder$/);
  });
});

describe('parseColumns', () => {
  it('reads the way libCacheSim writes it', () => {
    assert.equal(COLUMNS.id, 3);
    assert.equal(
      parseColumns('time-col=2, obj-id-col=5, obj-size-col=4, delimiter=,').delimiter,
      ',',
    );
    assert.equal(parseColumns('obj-id-col=1,time-col=2,time-unit=us').timeUnit, 1e-6);
  });

  it('says what it takes', () => {
    for (const text of ['', 'time-col=1', 'obj-id-col=x', 'obj-id-col=1,zap=2']) {
      assert.throws(() => parseColumns(text), RangeError);
    }
  });
});
