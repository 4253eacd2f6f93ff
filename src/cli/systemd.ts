/**
 * What systemd and a service agree on: sockets handed over at start (sd_listen_fds(3)) and state
 * reported back (sd_notify(3)).
 *
 * Node has no datagram Unix sockets, so `systemd-notify` speaks for us, started by one small shell
 * that is there from the beginning: forking a process with gigabytes of memory under pressure, at
 * the very moment a watchdog waits for it, is what a swap server must not do. The messages come
 * from a child, so the unit needs `NotifyAccess=all`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Environment } from './environment.ts';
import { UsageError } from './options/args.ts';
import type { Log } from './log.ts';

const LISTEN_FDS_START = 3;
const LISTEN_FDS_MAX = 64;

/**
 * File descriptors of listening sockets that were handed over, in order; empty without activation.
 *
 * Removes the variables, so that no child takes them for its own.
 *
 * @throws UsageError if the variables are for this process and not understood
 */
export function takeListenFds(environment: Environment, pid: number): number[] {
  const { LISTEN_PID: forPid, LISTEN_FDS: count } = environment;
  if (forPid === undefined || count === undefined || forPid !== String(pid)) return [];
  delete environment['LISTEN_PID'];
  delete environment['LISTEN_FDS'];
  delete environment['LISTEN_FDNAMES'];
  const fdCount = /^\d+$/.test(count) ? Number(count) : Number.NaN;
  if (!(fdCount >= 1 && fdCount <= LISTEN_FDS_MAX)) {
    throw new UsageError(
      `LISTEN_FDS: '${count}' is not a number of sockets (1..${LISTEN_FDS_MAX})`,
    );
  }
  return Array.from({ length: fdCount }, (_, index) => LISTEN_FDS_START + index);
}

/** Milliseconds between signs of life: half of what systemd waits for; undefined if it does not. */
export function watchdogIntervalMs(environment: Environment, pid: number): number | undefined {
  const { WATCHDOG_USEC: usec, WATCHDOG_PID: forPid } = environment;
  if (usec === undefined || !/^\d+$/.test(usec) || Number(usec) === 0) return undefined;
  if (forPid !== undefined && forPid !== String(pid)) return undefined;
  return Math.max(1, Math.floor(Number(usec) / 2000));
}

/** Reports to the service manager; every method does nothing where there is none. */
export interface Notifier {
  /** Sends one assignment, such as `READY=1`. */
  send(state: string): void;
  /** Ends the reporting, having sent what is left. */
  close(): Promise<void>;
}

const NO_NOTIFIER: Notifier = {
  send: () => {},
  close: () => Promise.resolve(),
};

/** One state a line on standard input, each sent before the next is read. */
const NOTIFY_SCRIPT = 'while IFS= read -r state; do systemd-notify "$state" || exit; done';

/** Longest wait for the last message when the service ends. */
const CLOSE_WAIT_MS = 2000;

async function endHelper(helper: ChildProcess): Promise<void> {
  if (helper.exitCode !== null || helper.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      helper.kill('SIGKILL');
      resolve();
    }, CLOSE_WAIT_MS);
    helper.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    helper.stdin?.end();
  });
}

/** Starts reporting if the process was started with `NOTIFY_SOCKET`, and its watchdog with it. */
export function openNotifier(environment: Environment, pid: number, log: Log): Notifier {
  if (environment['NOTIFY_SOCKET'] === undefined) return NO_NOTIFIER;
  const helper = spawn('/bin/sh', ['-c', NOTIFY_SCRIPT], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: environment,
    // A signal to the whole group must not end the reporting before the service itself.
    detached: true,
  });
  let alive = true;
  let closing = false;
  const lost = (reason: string): void => {
    if (alive && !closing)
      log.warn(`systemd-notify is gone (${reason}): no more reports to systemd`);
    alive = false;
  };
  helper.on('error', (error) => lost(error.message));
  helper.on('exit', (code, signal) => lost(`status ${code ?? signal ?? 'unknown'}`));
  helper.stdin.on('error', (error) => lost(error.message));
  helper.unref();
  const send = (state: string): void => {
    if (alive) helper.stdin.write(`${state}\n`);
  };
  const intervalMs = watchdogIntervalMs(environment, pid);
  const timer =
    intervalMs === undefined ? undefined : setInterval(() => send('WATCHDOG=1'), intervalMs);
  timer?.unref();
  return {
    send,
    close: async () => {
      closing = true;
      clearInterval(timer);
      await endHelper(helper);
    },
  };
}
