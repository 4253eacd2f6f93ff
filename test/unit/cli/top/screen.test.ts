import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { describe, it } from 'node:test';
import { renderTop, SORT_NAMES, type ScreenSize } from '../../../../src/cli/top/screen.ts';
import type { StatsSnapshot } from '../../../../src/metrics/snapshot.ts';
import { STATS_EXAMPLE } from '../../../support/stats-example.ts';

const WIDE: ScreenSize = { columns: 200, rows: Infinity, colour: false };
const BY_POOL = { column: 'compressedBytes', reversed: false, top: 0 } as const;

function later(): StatsSnapshot {
  const { process, vmstat } = STATS_EXAMPLE;
  return {
    ...STATS_EXAMPLE,
    process: { ...process, uptime_seconds: process.uptime_seconds + 2 },
    vmstat: { ...vmstat, zswpout: vmstat.zswpout + 1024 },
  };
}

/** A snapshot with so many exports. */
function many(count: number): StatsSnapshot {
  const vm1 = STATS_EXAMPLE.memcg['vm1'];
  assert.ok(vm1);
  const names = Array.from({ length: count }, (_, index) => `vm${index}`);
  return { ...STATS_EXAMPLE, memcg: Object.fromEntries(names.map((name) => [name, vm1])) };
}

describe('the screen of top', () => {
  it('says the pool, what is stored, the rates, and a row for each export', () => {
    const looks = { now: later(), before: STATS_EXAMPLE };
    const lines = renderTop(looks, BY_POOL, WIDE, '');
    const text = lines.join('\n');
    assert.match(text, /^zswapd, up 1 d 2 h, zstd:3 in zsmalloc, resident 180 MiB$/m);
    assert.match(text, /^pool +\[#{8}-{22}\] 100 MiB of 400 MiB, 25\.0 %$/m);
    assert.match(text, /^stored +300 MiB in 76\u202f800 pages, ratio 3\.00, gained 200 MiB$/m);
    assert.match(text, /^rates +in 2\.00 MiB\/s, out 0 B\/s, back 0 B\/s, refused 0\/s$/m);
    assert.match(text, /^EXPORT +STORED +IN POOL↓ +RATIO +IN +OUT +LIMIT +BACK +OLDEST$/m);
    assert.match(text, /^vm1 +180 MiB +60\.0 MiB +3\.00 +0 B\/s +0 B\/s +512 MiB .* 1 min 8 s$/m);
    assert.ok(text.indexOf('\nvm1') < text.indexOf('\nvm2'));
  });

  it('says nothing of rates at the first look', () => {
    const text = renderTop({ now: STATS_EXAMPLE, before: undefined }, BY_POOL, WIDE, '').join('\n');
    assert.match(text, /^rates +in –, out –, back –, refused –$/m);
  });

  it('fits every size, with the most important columns left', () => {
    const looks = { now: later(), before: STATS_EXAMPLE };
    for (let columns = 1; columns <= 130; columns++) {
      for (const rows of [1, 8, 9, 24]) {
        const size = { columns, rows, colour: true };
        const lines = renderTop(looks, BY_POOL, size, 'q quit').map(stripVTControlCharacters);
        assert.ok(
          lines.every((line) => line.length <= columns),
          `${columns} columns`,
        );
        assert.ok(lines.length <= Math.max(rows, 9), `${rows} rows`);
      }
    }
    const narrow = renderTop(looks, BY_POOL, { ...WIDE, columns: 36 }, '').join('\n');
    assert.match(narrow, /^EXPORT +STORED +IN POOL↓$/m);
  });

  it('scrolls, and says how many are left', () => {
    const looks = { now: many(100), before: undefined };
    const size = { columns: 80, rows: 18, colour: false };
    const lines = renderTop(looks, { column: 'name', reversed: false, top: 20 }, size, 'keys');
    assert.equal(lines.length, 18);
    assert.match(lines.at(-1) ?? '', /^70 more below\. keys$/);
  });

  it('turns the order round, and shows which way it goes', () => {
    const looks = { now: STATS_EXAMPLE, before: undefined };
    const view = { column: 'name', reversed: true, top: 0 } as const;
    const text = renderTop(looks, view, WIDE, '').join('\n');
    assert.match(text, /^EXPORT↓/m);
    assert.ok(text.indexOf('\nvm2') < text.indexOf('\nvm1'));
  });

  it('lets no name move the cursor', () => {
    const vm1 = STATS_EXAMPLE.memcg['vm1'];
    assert.ok(vm1);
    const now = { ...STATS_EXAMPLE, memcg: { 'a\u001b[2Jb\nc': vm1 } };
    const text = renderTop({ now, before: undefined }, BY_POOL, WIDE, '').join('\n');
    assert.match(text, /^a\?\[2Jb\?c /m);
  });

  it('has no codes without colour', () => {
    const looks = { now: later(), before: STATS_EXAMPLE };
    const coloured = renderTop(looks, BY_POOL, { ...WIDE, colour: true }, 'x').join('\n');
    const plain = renderTop(looks, BY_POOL, WIDE, 'x').join('\n');
    assert.notEqual(coloured, plain);
    assert.equal(stripVTControlCharacters(coloured), plain);
  });

  it('names each column for --sort', () => {
    const names = 'export stored in-pool ratio in out limit back oldest'.split(' ');
    assert.deepEqual([...SORT_NAMES.keys()], names);
  });
});
