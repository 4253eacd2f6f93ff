/** The statistics of the daemon: the engine's, and those of the NBD server in front of it. */
import type { NbdStats, StatsSnapshot } from '../metrics/snapshot.ts';
import type { DaemonEngine, NbdListener } from './daemon-parts.ts';

/** What `/api/stats`, `zswapd stat` and the dashboard show. */
export function daemonSnapshot(engine: DaemonEngine, nbd: NbdListener): StatsSnapshot {
  return { ...engine.snapshot(), nbd: nbdStats(nbd) };
}

function nbdStats({ counters, connectionCount, times }: NbdListener): NbdStats {
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
