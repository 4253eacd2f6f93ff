/**
 * The address of a listening socket that was handed over, from the tables of the kernel (proc(5),
 * `/proc/net`): Node tells the address only of sockets it made itself.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import type { HostPort } from '../options/values.ts';

/** Where a listening socket is reached. */
export type SocketAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly address: HostPort };

/** Columns of the tables that are read here. */
const UNIX_INODE_COLUMN = 6;
const UNIX_PATH_COLUMN = 7;
const TCP_LOCAL_COLUMN = 1;
const TCP_INODE_COLUMN = 9;

/** Bytes of an address as the kernel prints them: words of 32 bits in the machine's order. */
function addressBytes(hex: string, littleEndian: boolean): number[] {
  const bytes = [...Buffer.from(hex, 'hex')];
  if (!littleEndian) return bytes;
  return bytes.map((_, index) => bytes[index - (index % 4) + 3 - (index % 4)] ?? 0);
}

function hostOf(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  // The URL parser writes an IPv6 address in its canonical short form (RFC 5952).
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** Finds a socket by inode in the text of `/proc/net/unix`; undefined if it is not there. */
export function unixAddress(table: string, inode: string): SocketAddress | undefined {
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    // A path may have blanks in it; an abstract name starts with @ and is no path.
    const path = columns.slice(UNIX_PATH_COLUMN).join(' ');
    if (columns[UNIX_INODE_COLUMN] === inode && path.startsWith('/')) return { kind: 'unix', path };
  }
  return undefined;
}

/** Finds a socket by inode in the text of `/proc/net/tcp` or `tcp6`. */
export function tcpAddress(
  table: string,
  inode: string,
  littleEndian: boolean = endianness() === 'LE',
): SocketAddress | undefined {
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[TCP_INODE_COLUMN] !== inode) continue;
    const [host = '', port = ''] = columns[TCP_LOCAL_COLUMN]?.split(':') ?? [];
    const bytes = addressBytes(host, littleEndian);
    return { kind: 'tcp', address: { host: hostOf(bytes), port: Number.parseInt(port, 16) } };
  }
  return undefined;
}

/** The address of a listening socket; undefined if the system does not tell. */
export function listeningAddress(fd: number): SocketAddress | undefined {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
    if (inode === undefined) return undefined;
    const table = (name: string): string => readFileSync(`/proc/self/net/${name}`, 'utf8');
    return (
      unixAddress(table('unix'), inode) ??
      tcpAddress(table('tcp'), inode) ??
      tcpAddress(table('tcp6'), inode)
    );
  } catch {
    // Without /proc the sockets work all the same; only the line that names them is shorter.
    return undefined;
  }
}
