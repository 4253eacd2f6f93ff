/**
 * The helper process that does for a device what Node cannot: punch holes, and flock(2).
 *
 * It is one shell, started when the device is opened, because starting a process copies the page
 * tables of a daemon that may have grown large by then. It inherits the device's descriptor as
 * number 3: a lock taken on it is ours as well and outlives the helper, and the tools open
 * `/proc/self/fd/3`, which is the same inode whatever has become of the path. It reads one line
 * `offset length` a punch, answers `ok` or `no REASON`, and ends with its standard input, so also
 * with this process.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

import { assert, present } from '../../std/assert.ts';

/**
 * The tools inherit our end of the answers as descriptor 4, so that a helper counts as ended only
 * when a punch that outlived it has ended too: the segment may be written from then on.
 *
 * flock(1) ends with 1 for a conflict and with 65 or more where the file system has no locks.
 */
const SCRIPT = `
set -f
exec 4>&1
if command -v flock >/dev/null; then
  flock -n 3
  if [ $? -eq 1 ]; then echo busy; exit; fi
fi
fd=/proc/self/fd/3
if [ "$1" = block ] && blkdiscard --help 2>&1 </dev/null | grep -q -e --force; then
  punch() { blkdiscard --force -o "$1" -l "$2" $fd; }
elif command -v fallocate >/dev/null; then
  punch() { fallocate -p -o "$1" -l "$2" $fd; }
else
  echo none; exit
fi
echo ready
while read -r offset length; do
  if reason=$(punch "$offset" "$length" 2>&1 </dev/null); then echo ok; else echo no $reason; fi
done
`;

/**
 * `ready`: punches are taken. `none`: it cannot punch, the lock is held if flock(1) is there.
 * `busy`: another process holds the lock.
 */
export type HelperState = 'ready' | 'none' | 'busy';

/** Called once for each punch: an empty reason means the space is given back. */
export type PunchCallback = (failure: string | undefined) => void;

export class DeviceHelper {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #state: HelperState = 'none';
  #isEnding = false;
  #onPunched: PunchCallback | undefined;
  #onGreeting: ((state: HelperState) => void) | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    const { stdin, stdout } = child;
    assert(stdin !== null && stdout !== null);
    // A write to a helper that has died fails here; its end is noticed below.
    stdin.on('error', () => {});
    createInterface({ input: stdout }).on('line', (line) => this.#answer(line));
    this.#ended = new Promise((resolve) => {
      child.once('close', () => {
        this.#lose();
        resolve();
      });
      child.once('error', () => {
        this.#lose();
        if (child.pid === undefined) resolve();
      });
    });
  }

  /**
   * Starts the helper on an open device and waits for its first answer.
   *
   * @param fd - the descriptor that carries the lock
   */
  static async start(fd: number, kind: 'file' | 'block'): Promise<DeviceHelper> {
    const environment = {
      PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C',
    };
    const child = spawn('sh', ['-c', SCRIPT, 'zswapd-punch', kind], {
      cwd: '/',
      env: environment,
      stdio: ['pipe', 'pipe', 'ignore', fd],
      // A session of its own: an interrupt typed at the terminal is for the daemon alone.
      detached: true,
    });
    const helper = new DeviceHelper(child);
    helper.#state = await new Promise<HelperState>((resolve) => {
      helper.#onGreeting = resolve;
    });
    if (helper.#state === 'ready') helper.#setRef(false);
    else await helper.#ended;
    return helper;
  }

  get state(): HelperState {
    return this.#state;
  }

  /** Its process id, `undefined` if it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Gives back `length` bytes at `offset`. One at a time; the state is `ready`.
   *
   * @remarks Waits: `onPunched` is called later, also when the helper dies meanwhile.
   */
  punch(offset: number, length: number, onPunched: PunchCallback): void {
    assert(this.#state === 'ready' && this.#onPunched === undefined);
    this.#onPunched = onPunched;
    // A write may be waiting for it.
    this.#setRef(true);
    present(this.#child.stdin ?? undefined).write(`${offset} ${length}\n`);
  }

  /** Ends the helper; a punch under way is finished. */
  async end(): Promise<void> {
    this.#isEnding = true;
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#setRef(true);
    this.#child.stdin?.end();
    await this.#ended;
  }

  #answer(line: string): void {
    const onGreeting = this.#onGreeting;
    if (onGreeting !== undefined) {
      this.#onGreeting = undefined;
      onGreeting(line === 'ready' || line === 'busy' ? line : 'none');
      return;
    }
    const onPunched = this.#onPunched;
    this.#onPunched = undefined;
    if (!this.#isEnding) this.#setRef(false);
    onPunched?.(line === 'ok' ? undefined : line.replace(/^no /, ''));
  }

  #lose(): void {
    if (this.#state === 'ready') this.#state = 'none';
    this.#onGreeting?.('none');
    this.#onGreeting = undefined;
    const onPunched = this.#onPunched;
    this.#onPunched = undefined;
    onPunched?.('the helper process has ended');
  }

  /** Whether the helper keeps the process alive: only while it punches or is being ended. */
  #setRef(isRef: boolean): void {
    for (const part of [this.#child, this.#child.stdin, this.#child.stdout]) {
      // Pipes to a child are sockets, which the types do not say.
      const handle = part as { ref?: () => void; unref?: () => void } | null;
      if (isRef) handle?.ref?.();
      else handle?.unref?.();
    }
  }
}
