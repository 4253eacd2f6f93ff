/** The statistics as a table for people: the kernel's names, sizes in MiB, zero rows left out. */
import { SWAP_EVENTS, type MemcgStats, type StatsSnapshot } from './snapshot.ts';
import { MIB, PAGE_SIZE } from '../std/units.ts';

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

function percent(part: number, whole: number): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : '-';
}

function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [
    [Math.floor(whole / 86400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}

/** Rows under each other: the first column to the left, the others to the right. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return index === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

function poolRows({ zswap, parameters }: StatsSnapshot): string[][] {
  const stored = zswap.stored_pages * PAGE_SIZE;
  const { pool_total_size: held } = zswap;
  return [
    ['pool_total_size', mib(held), `${percent(held, parameters.pool_size)} of the limit`],
    ['pool_limit', mib(parameters.pool_size), ''],
    [
      'stored_pages',
      String(zswap.stored_pages),
      held > 0 ? `${mib(stored)}, ratio ${(stored / held).toFixed(2)}` : mib(stored),
    ],
    ['stored_incompressible_pages', String(zswap.stored_incompressible_pages), ''],
    ['written_back_pages', String(zswap.written_back_pages), ''],
    ['pool_limit_hit', String(zswap.pool_limit_hit), ''],
    ['reject_reclaim_fail', String(zswap.reject_reclaim_fail), ''],
    ['decompress_fail', String(zswap.decompress_fail), ''],
  ];
}

function onOff(value: boolean): string {
  return value ? '1' : '0';
}

function parameterRows({ parameters }: StatsSnapshot): string[][] {
  return [
    ['enabled', onOff(parameters.enabled)],
    ['compressor', parameters.compressor],
    ['zpool', parameters.zpool],
    ['max_pool_percent', String(parameters.max_pool_percent)],
    ['accept_threshold_percent', String(parameters.accept_threshold_percent)],
    ['shrinker_enabled', onOff(parameters.shrinker_enabled)],
    ['shrinker_policy', parameters.shrinker_policy],
  ];
}

function memcgRow(name: string, stats: MemcgStats): string[] {
  const max = stats['memory.zswap.max'];
  const current = stats['memory.zswap.current'];
  return [
    name,
    mib(current),
    max === 'max' ? 'max' : mib(max),
    String(stats['memory.zswap.writeback']),
    mib(stats.zswapped),
    current > 0 ? (stats.zswapped / current).toFixed(2) : '-',
    ...SWAP_EVENTS.map((event) => String(stats[event])),
  ];
}

const MEMCG_HEAD = [
  'export',
  'zswap.current',
  'zswap.max',
  'zswap.writeback',
  'zswapped',
  'ratio',
  ...SWAP_EVENTS,
];

function section(title: string, rows: readonly (readonly string[])[]): string[] {
  return ['', title, ...columns(rows).map((row) => `  ${row}`)];
}

/** The whole text, ending with a newline. */
export function formatStats(stats: StatsSnapshot): string {
  const { process: self, spill } = stats;
  const rejects = Object.entries(stats.rejects).filter(([, count]) => count > 0);
  const lines = [
    `zswapd, up ${duration(self.uptime_seconds)}, ` +
      `resident ${mib(self.rss)}, metadata ${mib(self.metadata_bytes)}`,
    ...section('zswap', poolRows(stats)),
    ...section(
      'rejects',
      rejects.length === 0 ? [['none']] : rejects.map(([name, count]) => [name, String(count)]),
    ),
    ...section(
      'vmstat',
      SWAP_EVENTS.map((event) => [event, String(stats.vmstat[event])]),
    ),
    ...section('parameters', parameterRows(stats)),
    ...section(
      'spill',
      spill === undefined
        ? [['none']]
        : [
            ['path', spill.path],
            ['used', `${mib(spill.used_bytes)} of ${mib(spill.size_bytes)}`],
            ['held', mib(spill.held_bytes)],
            ['direct', onOff(spill.direct)],
            ['writable', onOff(spill.writable)],
            ['io_errors', String(spill.io_errors)],
            ['checksum_errors', String(spill.checksum_errors)],
          ],
    ),
    ...section('memcg', [
      MEMCG_HEAD,
      ...Object.entries(stats.memcg).map(([name, of]) => memcgRow(name, of)),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}
