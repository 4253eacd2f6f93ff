/**
 * Sockets that receive into one buffer that is always the same, from an accepted socket or from the
 * descriptor of one. Accepted sockets do not offer that by themselves: the handle of the accepted
 * one is wrapped anew in a socket with `onread`. Where a version of Node does not have what that
 * needs, 'data' events are copied instead.
 */
import { Socket } from 'node:net';
import type { OnReadOpts, SocketConstructorOpts } from 'node:net';
import type { StreamHandle } from './handle.ts';

/** Whoever a socket receives for. */
export interface InputOwner {
  /** Where input goes now. */
  target(): Uint8Array;
  /** `bytes` lie in the target. Returns false to stop input. */
  received(bytes: number): boolean;
}

interface WithHandle {
  _handle: StreamHandle | null;
}

function onreadOf(owner: InputOwner): OnReadOpts {
  return {
    buffer: () => owner.target(),
    callback: (bytes) => owner.received(bytes),
  };
}

/**
 * @param accepted - paused, as `pauseOnConnect` makes it
 * @param useOnread - false takes the 'data' events that are the fallback
 */
export function receiveFrom(accepted: Socket, owner: InputOwner, useOnread: boolean): Socket {
  const inner = accepted as unknown as WithHandle;
  const handle = inner._handle;
  if (!useOnread || typeof handle?.useUserBuffer !== 'function') {
    accepted.on('data', (chunk: Uint8Array) => dataEvent(accepted, chunk, owner));
    accepted.resume();
    return accepted;
  }
  inner._handle = null;
  const options: SocketConstructorOpts & { handle: StreamHandle; onread: OnReadOpts } = {
    handle,
    onread: onreadOf(owner),
    allowHalfOpen: true,
  };
  const socket = new Socket(options);
  // The server counts the accepted socket.
  socket.once('close', () => accepted.destroy());
  return socket;
}

/**
 * A socket on a descriptor whose number another thread holds, too: it is closed when that one has
 * agreed ({@link DescriptorKeeper}).
 *
 * @param beforeClose - called once with what closes the number in this thread
 */
export function receiveFromDescriptor(
  fd: number,
  owner: InputOwner,
  beforeClose: (close: () => void) => void,
): Socket {
  const options: SocketConstructorOpts & { onread: OnReadOpts } = {
    fd,
    readable: true,
    writable: true,
    allowHalfOpen: true,
    onread: onreadOf(owner),
  };
  const socket = new Socket(options);
  const handle = (socket as unknown as WithHandle)._handle;
  if (handle !== null) {
    const close = handle.close.bind(handle);
    handle.close = (closed) => {
      handle.readStop();
      beforeClose(() => close(closed));
    };
  }
  return socket;
}

/** The number of a socket's descriptor; -1 if it has none. */
export function descriptorOf(socket: Socket): number {
  const fd = (socket as unknown as WithHandle)._handle?.fd;
  return typeof fd === 'number' ? fd : -1;
}

/** Takes a socket's handle out of it, stopped; the socket is of no use then. */
export function detachHandle(socket: Socket): { fd: number; handle: StreamHandle } | undefined {
  const inner = socket as unknown as WithHandle;
  const handle = inner._handle;
  const fd = handle?.fd;
  if (handle === null || typeof fd !== 'number' || fd < 0) return undefined;
  handle.readStop();
  inner._handle = null;
  socket.destroy();
  return { fd, handle };
}

function dataEvent(socket: Socket, chunk: Uint8Array, owner: InputOwner): void {
  let goes = true;
  for (let from = 0; from < chunk.length;) {
    const target = owner.target();
    // A chunk can be longer than the target, and can end the handshake in its middle.
    const bytes = Math.min(chunk.length - from, target.length);
    if (!goes) {
      socket.unshift(chunk.subarray(from));
      break;
    }
    target.set(chunk.subarray(from, from + bytes));
    from += bytes;
    goes = owner.received(bytes);
  }
  if (!goes) socket.pause();
}
