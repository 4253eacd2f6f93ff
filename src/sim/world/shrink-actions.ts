/** What actors do with the entries of a group: reclaim on request, and shrinking under pressure. */
import type { Memcg } from '../../memcg/memcg.ts';
import { Reclaim } from '../../zswap/shrink/reclaim.ts';
import type { Action } from './actor.ts';
import type { Stage } from './stage.ts';

/** `zswapd reclaim`: so many compressed bytes of a group. */
export function reclaim(
  stage: Stage,
  memcg: Memcg,
  bytes: number,
  onFreed: (bytes: number) => void = () => {},
): Action {
  const { rt, zswap } = stage.world;
  const record = new Reclaim(zswap);
  const note = (): void => {
    rt.mark(record.freed >= bytes ? 'reclaimed' : 'reclaimed less');
    onFreed(record.freed);
  };
  return {
    label: `reclaim ${bytes}`,
    begin: (actor) => {
      rt.nameTask(record, actor.name);
      record.onEnd = () => {
        note();
        actor.done();
      };
      const ended = record.begin(memcg, bytes);
      if (ended) note();
      return ended;
    },
  };
}

/** The dynamic shrinker, under pressure of a priority. */
export function shrink(stage: Stage, memcg: Memcg, priority: number): Action {
  const { rt, zswap } = stage.world;
  const record = zswap.pressureShrinker.createShrink();
  const note = (): void => rt.mark(record.scanned > 0 ? 'shrunk' : 'nothing to shrink');
  return {
    label: `shrink at ${priority}`,
    begin: (actor) => {
      record.onEnd = () => {
        note();
        actor.done();
      };
      const ended = record.begin(memcg, priority);
      if (ended) note();
      return ended;
    },
  };
}
