/** Asks a running daemon for its statistics. */
import type { StatsSnapshot } from '../../metrics/snapshot.ts';
import { ZswapError } from '../../std/error.ts';
import { askDaemon } from './control-client.ts';

function isSnapshot(value: unknown): value is StatsSnapshot {
  if (typeof value !== 'object' || value === null) return false;
  const sections = ['zswap', 'rejects', 'vmstat', 'parameters', 'memcg', 'process'];
  return sections.every((name) => Object.hasOwn(value, name));
}

/**
 * The statistics now.
 *
 * @throws ZswapError `ZSWAP_CONTROL` if nobody answers there, or something else does
 */
export async function askStats(path: string): Promise<StatsSnapshot> {
  const stats = await askDaemon(path, { command: 'stat' });
  if (isSnapshot(stats)) return stats;
  throw new ZswapError('ZSWAP_CONTROL', `what answers at '${path}' gives no statistics`);
}
