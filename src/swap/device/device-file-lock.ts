/**
 * One daemon a device: a lock that is taken atomically and that the kernel drops with the process.
 *
 * Node cannot call flock(2), so the lock is a listening Unix socket in the abstract namespace whose
 * name is made of the device's identity: binding it is atomic, needs no file, and ends with the
 * process however that ends. Its reach is the network namespace; beyond it, the helper process
 * takes flock(2) on our own descriptor, block devices are opened exclusively, and the header names
 * its owner.
 */
import { createServer } from 'node:net';
import type { Server } from 'node:net';

import { assert } from '../../std/assert.ts';

/**
 * Bytes of `sun_path`. Node 20 binds an abstract name padded with zeros to this length, Node 24 as
 * long as it is; only a name of exactly this length is the same for both.
 */
const NAME_BYTES = 108;

export interface DeviceLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a device.
 *
 * @remarks Waits: once, for the bind. Nobody ever waits for the lock itself.
 * @param identity - device and inode number, or the number of a block device; ASCII
 * @returns the lock, or `undefined` if another holder has it, in this process or another
 */
export async function acquireDeviceLock(identity: string): Promise<DeviceLock | undefined> {
  const name = `\0zswapd-device/${identity}/`.padEnd(NAME_BYTES, '.');
  assert(name.length === NAME_BYTES, 'device identity is too long');
  // Nobody has any business to connect.
  const server = createServer((socket) => socket.destroy());
  const isOurs = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(name, () => resolve(true));
  });
  if (!isOurs) return undefined;
  server.unref();
  return { release: () => closeServer(server) };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}
