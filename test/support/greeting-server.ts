/**
 * The least that listens like an NBD server: it sends the greeting, and ends each connection when
 * it is closed. For tests of what is around the server.
 */
import { createServer, type AddressInfo, type ListenOptions, type Socket } from 'node:net';
import { NbdCounters } from '../../src/nbd/counters.ts';
import { RequestTimes } from '../../src/nbd/transmission/request-times.ts';
import type { NbdListener } from '../../src/cli/daemon-parts.ts';

/** NBDMAGIC and IHAVEOPT. */
export const GREETING = 'NBDMAGICIHAVEOPT';

export function createGreetingServer(): NbdListener {
  const sockets = new Set<Socket>();
  const closers: (() => Promise<void>)[] = [];
  const listen = async (options: ListenOptions): Promise<number> => {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => sockets.delete(socket));
      socket.write(GREETING);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options, resolve);
    });
    closers.push(() => new Promise((resolve) => server.close(() => resolve())));
    const address = server.address();
    return typeof address === 'object' ? ((address as AddressInfo | undefined)?.port ?? 0) : 0;
  };
  return {
    listenUnix: (path) => listen({ path }),
    listenTcp: (host, port) => listen({ host, port }),
    listenFd: (fd) => listen({ fd } as ListenOptions),
    endConnections: () => {},
    close: async () => {
      const closed = closers.map((close) => close());
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
    counters: new NbdCounters(),
    times: new RequestTimes(),
    get connectionCount() {
      return sockets.size;
    },
  };
}
