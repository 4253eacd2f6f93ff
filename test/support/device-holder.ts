/**
 * A process that opens a backing swap device, says `ready` with the pid of its helper, and closes
 * the device when its standard input ends, or, with `leave`, just comes to its end. Arguments:
 * path, pages, `leave`. On failure it says the error's code and message instead.
 */
import { openFileDevice } from '../../src/swap/device/device-file.ts';
import type { FileDevice } from '../../src/swap/device/device-file.ts';
import { Bio } from '../../src/swap/device/device.ts';
import { NodeRt } from '../../src/rt/rt-node.ts';
import { transfer } from './storage.ts';

async function hold(path: string, pageCount: number): Promise<FileDevice | undefined> {
  try {
    const device = await openFileDevice({ path, pageCount, rt: new NodeRt() });
    await transfer(device, new Bio(), 'write', 0, 8);
    console.log(`ready ${device.helperPid}`);
    return device;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    console.log(`${code ?? 'error'} ${message}`);
    return undefined;
  }
}

const [, , path = '', pages = '0', end = 'wait'] = process.argv;
const device = await hold(path, Number(pages));
if (device !== undefined && end === 'wait') {
  process.stdin.resume();
  process.stdin.once('end', () => void device.close());
}
