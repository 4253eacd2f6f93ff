/**
 * Who this process is, as a device header names it, and whether a process named in a header still
 * lives. Second line of defence behind the locks: it also works between network namespaces.
 */
import { readFile, readlink } from 'node:fs/promises';

import { present } from '../../std/assert.ts';
import type { DeviceOwner } from './device-header.ts';

/** `unknown`: it is a number of another PID namespace of this machine, which says nothing here. */
export type OwnerState = 'alive' | 'dead' | 'unknown';

/** This process. */
export async function selfOwner(): Promise<DeviceOwner> {
  const stat = parseStat(await readFile('/proc/self/stat', 'ascii'));
  return {
    pid: process.pid,
    pidNamespace: await selfPidNamespace(),
    startTicks: stat.startTicks,
    bootId: await selfBootId(),
  };
}

/** Whether the process that a header names is still running. */
export async function ownerState(owner: DeviceOwner): Promise<OwnerState> {
  if (owner.bootId !== (await selfBootId())) return 'dead';
  if (owner.pidNamespace !== (await selfPidNamespace())) return 'unknown';
  const text = await readFile(`/proc/${owner.pid}/stat`, 'ascii').catch(() => undefined);
  // With /proc mounted hidepid the file is missing for a living process of somebody else.
  if (text === undefined) return processExists(owner.pid) ? 'alive' : 'dead';
  const stat = parseStat(text);
  const isEnded = stat.state === 'Z' || stat.state === 'X';
  return !isEnded && stat.startTicks === owner.startTicks ? 'alive' : 'dead';
}

/** Fields 3 and 22 of `/proc/PID/stat`, counted from behind the name, which may hold anything. */
function parseStat(text: string): { readonly state: string; readonly startTicks: number } {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: present(fields[0]), startTicks: Number(present(fields[19])) };
}

async function selfBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'ascii')).trim();
}

async function selfPidNamespace(): Promise<number> {
  const link = await readlink('/proc/self/ns/pid');
  return Number(/\d+/.exec(link)?.[0] ?? 0);
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
