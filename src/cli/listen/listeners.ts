/**
 * The NBD listeners of a daemon, opened by its configuration or taken over from systemd, and the
 * URIs by which clients reach them.
 *
 * @see the NBD project's `doc/uri.md`
 */
import { ZswapError } from '../../std/error.ts';
import type { ServeConfig } from '../config.ts';
import type { NbdListener } from '../daemon-parts.ts';
import { formatHostPort, type HostPort } from '../options/values.ts';
import { listeningAddress } from './fd-address.ts';
import { addressError, claimSocketPath, pathError } from './socket-path.ts';

/** The URI of an export on a Unix socket. */
export function unixUri(path: string, exportName: string): string {
  const socket = encodeURIComponent(path).replaceAll('%2F', '/');
  return `nbd+unix:///${encodeURIComponent(exportName)}?socket=${socket}`;
}

/** The URI of an export on TCP. */
export function tcpUri(address: HostPort, exportName: string): string {
  return `nbd://${formatHostPort(address)}/${encodeURIComponent(exportName)}`;
}

/** The URI of an export at one listener. */
export type UriOf = (exportName: string) => string;

/** Takes over the sockets of systemd. Their addresses are asked for first, while they are ours. */
export async function takeListeners(nbd: NbdListener, fds: readonly number[]): Promise<UriOf[]> {
  const uriOf: UriOf[] = [];
  for (const fd of fds) {
    const found = listeningAddress(fd);
    await nbd.listenFd(fd).catch((error: unknown) => {
      throw new ZswapError(
        'ZSWAP_LISTEN',
        `LISTEN_FDS: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    });
    if (found?.kind === 'unix') uriOf.push((exportName) => unixUri(found.path, exportName));
    if (found?.kind === 'tcp') uriOf.push((exportName) => tcpUri(found.address, exportName));
  }
  return uriOf;
}

/** Opens those of the configuration. */
export async function openListeners(nbd: NbdListener, config: ServeConfig): Promise<UriOf[]> {
  const uriOf: UriOf[] = [];
  for (const path of config.unix) {
    await claimSocketPath(path, '--unix');
    await nbd.listenUnix(path).catch((error: unknown) => {
      throw pathError(error, '--unix', path);
    });
    uriOf.push((exportName) => unixUri(path, exportName));
  }
  for (const address of config.listen) {
    const port = await nbd.listenTcp(address.host, address.port).catch((error: unknown) => {
      throw addressError(error, '--listen', address);
    });
    uriOf.push((exportName) => tcpUri({ host: address.host, port }, exportName));
  }
  return uriOf;
}
