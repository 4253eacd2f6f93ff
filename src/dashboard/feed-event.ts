/** What one event of `/api/events` carries, as the daemon writes and the page reads it. */
import type { ServiceFacts } from '../metrics/prometheus.ts';
import type { StatsSnapshot } from '../metrics/snapshot.ts';

export interface FeedEvent {
  readonly service: ServiceFacts;
  /** As `/readyz` says it; absent if all is well. */
  readonly unready?: string;
  readonly stats: StatsSnapshot;
}
