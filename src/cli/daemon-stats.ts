/** The statistics of the daemon: the engine's, and those of the NBD server in front of it. */
import { mergeNbd } from '../metrics/merge.ts';
import type { NbdStats, StatsSnapshot } from '../metrics/snapshot.ts';
import type { DaemonEngine, NbdListener } from './daemon-parts.ts';

/** What counts requests. */
type NbdCounting = Pick<NbdListener, 'connectionCount' | 'counters' | 'times'>;

/** What `/api/stats`, `zswapd stat` and the dashboard show. */
export async function daemonSnapshot(
  engine: Pick<DaemonEngine, 'snapshot'>,
  nbd: NbdCounting,
): Promise<StatsSnapshot> {
  const stats = await engine.snapshot();
  const own = nbdStats(nbd);
  // Those of shards have servers of their own behind this one.
  return { ...stats, nbd: stats.nbd === undefined ? own : mergeNbd([own, stats.nbd]) };
}

function nbdStats({ counters, connectionCount, times }: NbdCounting): NbdStats {
  const { read, write, trim, zero, flush } = times.read();
  return {
    connections: connectionCount,
    connections_accepted: counters.connectionsAccepted,
    connections_refused: counters.connectionsRefused,
    connections_dropped: counters.connectionsDropped,
    requests: {
      read: counters.reads,
      write: counters.writes,
      trim: counters.trims,
      write_zeroes: counters.writeZeroes,
      flush: counters.flushes,
      block_status: counters.blockStatuses,
    },
    bytes: {
      read: counters.bytesRead,
      write: counters.bytesWritten,
      trim: counters.bytesTrimmed,
      write_zeroes: counters.bytesZeroed,
    },
    errors: counters.errors,
    latency: { read, write, trim, write_zeroes: zero, flush },
  };
}
