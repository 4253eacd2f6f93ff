/** The statistics that a person looks into: what the pool is made of, how old it is, how fast. */
import { present } from '../std/assert.ts';
import type { Memcg } from '../memcg/memcg.ts';
import { mergeSizeClasses } from '../metrics/merge.ts';
import type { LruStats, SizeClassRow, StatsSnapshot } from '../metrics/snapshot.ts';
import type { SizeClassStats } from '../zpool/zsmalloc.ts';
import { Zsmalloc } from '../zpool/zsmalloc.ts';
import type { Zswap } from '../zswap/zswap.ts';

/** Buckets of ages: the last but one reaches to twelve days. */
const AGE_BUCKETS = 22;
/** Pages looked at for their age: a fraction of a millisecond. */
const AGES_MAX: number = 1 << 14;

/** The part of a snapshot that is about the pool's inside. */
export type PoolDetail = Pick<StatsSnapshot, 'size_classes' | 'lru' | 'latency'>;

/** Takes it, in one section; `groups` are the exports' by name. */
export function poolDetail(
  zswap: Zswap,
  groups: readonly (readonly [string, Memcg])[],
): PoolDetail {
  const latency = {
    store: zswap.storeTimes.histogram.read(),
    load: zswap.loadTimes.histogram.read(),
  };
  return { size_classes: sizeClasses(zswap), lru: lruStats(zswap, groups), latency };
}

function lruStats(zswap: Zswap, groups: readonly (readonly [string, Memcg])[]): LruStats {
  const { entries } = zswap;
  const ages = Array.from({ length: AGE_BUCKETS }, () => 0);
  const oldest = new Map<number, number>();
  let sampled = 0;
  zswap.lruAges.visit(
    (index) => entries.isLive(index),
    (index, seconds) => {
      const bucket = seconds <= 1 ? 0 : Math.ceil(Math.log2(seconds));
      const at = Math.min(bucket, AGE_BUCKETS - 1);
      ages[at] = present(ages[at]) + 1;
      sampled += 1;
      // Pages of a group that is gone are its parent's.
      const group = zswap.memcgs.living(zswap.memcgs.get(entries.memcg(index))).id;
      oldest.set(group, Math.max(oldest.get(group) ?? 0, seconds));
    },
    AGES_MAX,
  );
  const byExport = groups.flatMap(([name, { id }]) => {
    const seconds = oldest.get(id);
    return seconds === undefined ? [] : [[name, seconds] as const];
  });
  return {
    sampled_pages: sampled,
    oldest_seconds: Math.max(0, ...oldest.values()),
    export_oldest_seconds: Object.fromEntries(byExport),
    age_pages: ages,
  };
}

/** The classes of all pools together: each has an allocator of its own. */
function sizeClasses(zswap: Zswap): SizeClassRow[] {
  const rows: SizeClassRow[] = [];
  for (const { zpool } of zswap.pools.pools()) {
    if (zpool instanceof Zsmalloc) rows.push(...zpool.classStats().map(rowOf));
  }
  return mergeSizeClasses(rows);
}

function rowOf(stats: SizeClassStats): SizeClassRow {
  return {
    size: stats.size,
    zspages: stats.zspages,
    obj_allocated: stats.objsAllocated,
    obj_used: stats.objsUsed,
    pages_used: stats.pagesUsed,
    pages_per_zspage: stats.pagesPerZspage,
    freeable: stats.freeable,
  };
}
