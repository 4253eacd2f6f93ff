/** Where the next run of device pages comes from, while others come back. */
import { Bio } from '../../../swap/device/device.ts';
import { ENOSPC } from '../../../std/errno.ts';
import { CLUSTER_PAGES } from '../../../swap/device/placement.ts';
import { present } from '../../../std/assert.ts';
import { mayRefuseWrites } from '../../world/nemesis.ts';
import type { Action } from '../../world/actor.ts';
import type { Stage } from '../../world/stage.ts';
import type { Scenario } from '../scenario.ts';

/** Pages that are left when the play begins. */
const LEFT_PAGES = 2;
/** Pages of a run: several fit a cluster, and the device has three of them. */
const RUN_PAGES = 32;
const DEVICE_PAGES = 3 * CLUSTER_PAGES;

/** Writes under way that take nearly all of the device; each fails when it is told to. */
function takePages(stage: Stage): Bio[] {
  const backing = present(stage.world.swap.backing);
  const bios: Bio[] = [];
  while (backing.freePages > LEFT_PAGES) {
    const bio = new Bio();
    backing.allocate(bio, Math.min(RUN_PAGES, backing.freePages - LEFT_PAGES));
    bios.push(bio);
  }
  return bios;
}

function refuse(stage: Stage, label: string, bios: readonly Bio[]): Action {
  return stage.act(label, () => {
    for (const bio of bios) present(stage.world.swap.backing).refused(bio);
  });
}

export const deviceFragmented: Scenario = {
  name: 'device-fragmented',
  summary:
    'pages are spilled to a nearly full device, with room below or not, and others give up theirs',
  covers: ['full device', 'device placement'],
  world: { devicePages: DEVICE_PAGES },
  reaches: ['blk.write.locked', 'write has no room'],
  play(stage) {
    const vm = stage.disk('vm', 3);
    stage.world.params.enabled = false;
    stage.now(vm.write(2, 4));
    const bios = takePages(stage);
    const middle = bios.filter((_, i) => i % 3 === 1);
    const rest = bios.filter((_, i) => i % 3 !== 1);
    // What is below has room for the page that the trim has freed, far from the others.
    stage.now(vm.write(0, 1, 2), vm.trim(2));
    mayRefuseWrites(stage);
    stage.device.writeError = ENOSPC;
    stage.actor('writer', vm.write(0, 5, 7));
    stage.actor('others', refuse(stage, 'some fail', middle), refuse(stage, 'all fail', rest));
  },
};
