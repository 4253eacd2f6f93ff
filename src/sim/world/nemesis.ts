/**
 * What an operator or a bad day does to the engine while requests run. Each is an action of one
 * section; when it happens is the scheduler's choice. (A slow device needs none: when a request
 * completes is the scheduler's choice, too.)
 */
import type { Memcg } from '../../memcg/memcg.ts';
import { createZpool } from '../../zpool/open.ts';
import type { Action } from './actor.ts';
import type { Stage } from './stage.ts';

/** The parameter `enabled`. */
export function setEnabled(stage: Stage, enabled: boolean): Action {
  return stage.act(`enabled = ${Number(enabled)}`, () => {
    stage.world.params.enabled = enabled;
  });
}

/** A group's `memory.zswap.writeback`. */
export function setWriteback(stage: Stage, memcg: Memcg, enabled: boolean): Action {
  return stage.act(`writeback = ${Number(enabled)}`, () => memcg.setWriteback(enabled));
}

/** Another compressor, which does not understand the first one's streams. */
export function switchCompressor(stage: Stage): Action {
  return stage.act('compressor = word 1', () => {
    stage.world.zswap.setCurrentPool(stage.codec(1), 'zsmalloc', (cells) =>
      createZpool('zsmalloc', stage.world.arena, cells),
    );
  });
}

/** From now on each write of the device fails or does not, as the scheduler says. */
export function mayRefuseWrites(stage: Stage): void {
  stage.device.writeErrors = 128;
}
