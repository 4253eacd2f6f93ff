/**
 * What an operator or a bad day does to the engine while requests run. Each is an action of one
 * section; when it happens is the scheduler's choice. (A slow device needs none: when a request
 * completes is the scheduler's choice, too.)
 */
import type { Memcg } from '../../memcg/memcg.ts';
import { createZpool } from '../../zpool/open.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import type { DEVICE_RULES } from '../checkers/engine-rules.ts';
import { EVERYTHING } from '../engine/scheduler.ts';
import { ALWAYS } from './device-sim.ts';
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
export function switchCompressor(stage: Stage, key = 1): Action {
  return stage.act(`compressor = word ${key}`, () => {
    stage.world.zswap.setCurrentPool(stage.codec(key), 'zsmalloc', (cells) =>
      createZpool('zsmalloc', stage.world.arena, cells),
    );
  });
}

/** The limit of the pool. */
export function setPoolPages(stage: Stage, pages: number): Action {
  return stage.act(`pool limit = ${pages}`, () => {
    stage.world.params.poolBytes = pages * PAGE_SIZE;
  });
}

/** A compressor of its own for a group; undefined: the current one again. */
export function setGroupCompressor(stage: Stage, memcg: Memcg, key: number | undefined): Action {
  const { zswap, arena } = stage.world;
  return stage.act(`compressor of ${memcg.name} = ${key ?? 'none'}`, () => {
    if (key === undefined) zswap.clearGroupPool(memcg);
    else {
      zswap.setGroupPool(memcg, stage.codec(key), 'zsmalloc', (cells) =>
        createZpool('zsmalloc', arena, cells),
      );
    }
  });
}

/** A group goes away before its disk: what it holds is its parent's. */
export function takeOffline(stage: Stage, memcg: Memcg): Action {
  return stage.act(`${memcg.name} goes offline`, () => stage.world.memcgs.offline(memcg));
}

/** From now on so much time has passed at each look at the clock. */
export function setClock(stage: Stage, msPerLook: number): Action {
  return stage.act(`a look takes ${msPerLook} ms`, () => {
    // Whoever looks at the clock says so itself.
    stage.rt.touch(EVERYTHING);
    stage.rt.msPerLook = msPerLook;
  });
}

/** From now on each write of the device fails or does not, as the scheduler says. */
export function mayRefuseWrites(stage: Stage): void {
  stage.device.writeErrors = ALWAYS / 2;
}

/** What a device does from now on with what it is asked, in chances of {@link ALWAYS}. */
export type Faults = Partial<Record<(typeof DEVICE_RULES)[number], number>>;

/** The device begins to misbehave, or stops. */
export function setFaults(stage: Stage, label: string, faults: Faults): Action {
  return stage.act(label, () => {
    // A request that completes looks at them, and its step says only which pages it touches.
    stage.rt.touch(EVERYTHING);
    if ((faults.lostWrites ?? 0) > 0) stage.mayLosePages = true;
    const { readErrors = 0, corruptReads = 0 } = faults;
    if (readErrors > 0 || corruptReads > 0 || stage.mayLosePages) stage.readsMayFail = true;
    Object.assign(stage.device, faults);
  });
}

/** From now on no stream is understood, as if the pool's memory had been overwritten; or again. */
export function setPoolCorrupt(stage: Stage, corrupt: boolean): Action {
  return stage.act(corrupt ? 'the pool is corrupted' : 'the pool is whole again', () => {
    stage.corruptPool = corrupt;
    if (corrupt) stage.readsMayFail = true;
  });
}
