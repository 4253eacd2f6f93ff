/** The page: events in, sections drawn, and a word on how fresh all of it is. */
import { durationText } from '../../metrics/words.ts';
import type { FeedEvent } from '../feed-event.ts';
import { byId, setText } from './dom.ts';
import { ExportsTable } from './exports-table.ts';
import { FeedClient, type FeedState } from './feed-client.ts';
import { History } from './history.ts';
import { Overview } from './overview.ts';
import { DeviceSection } from './section/device.ts';
import { FragmentationSection } from './section/fragmentation.ts';
import { LatencySection } from './section/latency.ts';
import { LruSection } from './section/lru.ts';
import { PoolOverTime, RatesOverTime } from './section/over-time.ts';
import { ParametersSection } from './section/parameters.ts';
import { RejectsSection } from './section/rejects.ts';

const history = new History();
const sections: readonly { update(of: History): void }[] = [
  new Overview(byId('overview')),
  new ExportsTable(byId('exports')),
  new PoolOverTime(byId('pool')),
  new RatesOverTime(byId('rates')),
  new FragmentationSection(byId('fragmentation')),
  new LruSection(byId('lru')),
  new LatencySection(byId('latency')),
  new DeviceSection(byId('writeback')),
  new RejectsSection(byId('rejects')),
  new ParametersSection(byId('parameters')),
];

let lastEvent: FeedEvent | undefined;
let lastEventAt = new Date();

function draw(): void {
  if (document.hidden) return;
  for (const section of sections) section.update(history);
}

function aboutText({ service, stats }: FeedEvent): string {
  const up = durationText(stats.process.uptime_seconds);
  const { compressor, zpool } = stats.parameters;
  return `version ${service.version}, up ${up}, ${compressor} in ${zpool}`;
}

function stateText(state: FeedState): string {
  const at = lastEventAt.toLocaleTimeString();
  switch (state) {
    case 'waiting':
      return 'Waiting for the daemon';
    case 'live':
      return lastEvent?.unready === undefined ? 'Live' : `Not ready: ${lastEvent.unready}`;
    case 'stale':
      return lastEvent === undefined
        ? 'No answer; trying again'
        : `Stale: no answer since ${at}; trying again`;
    case 'paused':
      return lastEvent === undefined ? 'Paused' : `Paused at ${at}`;
  }
}

function showState(state: FeedState): void {
  const element = byId('state');
  element.dataset['state'] = state === 'live' && lastEvent?.unready !== undefined ? 'stale' : state;
  // Only a change is worth an announcement.
  setText(element, stateText(state));
  document.body.classList.toggle('stale', state === 'stale');
}

const client = new FeedClient('/api/events', {
  event: (event) => {
    lastEvent = event;
    lastEventAt = new Date();
    history.push(event.stats);
    setText(byId('about'), aboutText(event));
    draw();
    showState('live');
  },
  state: showState,
});

const pause = byId('pause');
pause.addEventListener('click', () => {
  client.setPaused(!client.isPaused);
  pause.setAttribute('aria-pressed', String(client.isPaused));
});
document.addEventListener('visibilitychange', draw);
