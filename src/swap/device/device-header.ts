/**
 * The header page of a backing swap device on disk: what it is, whether somebody uses it, and who.
 * Only its layout and reading; finding out whether that somebody lives is elsewhere.
 *
 * ```
 *   0   8  magic "ZSWAPDEV"          40  8  device pages
 *   8   4  version                   48  4  owner: process id
 *  12   4  state: 1 clean, 2 in use  52  4  owner: PID namespace
 *  16  16  UUID                      56  8  owner: start time, clock ticks since boot
 *  32   8  (zero)                    64 36  owner: boot id, ASCII
 *                                  4092  4  CRC-32 of everything before
 * ```
 *
 * Numbers are little-endian. The device's contents do not outlive the process, so nothing here
 * describes them, and a clean header means that nothing of value follows it.
 */
import { assert } from '../../std/assert.ts';
import { PAGE_SIZE } from '../../std/units.ts';
import { crc32 } from './crc32.ts';

/** Storage pages in front of device page 0. */
export const HEADER_PAGES = 1;
export const HEADER_BYTES: number = HEADER_PAGES * PAGE_SIZE;

const MAGIC = 'ZSWAPDEV';
const VERSION = 1;
const STATE_CLEAN = 1;
const STATE_IN_USE = 2;
const AT_VERSION = 8;
const AT_STATE = 12;
const AT_UUID = 16;
const AT_PAGE_COUNT = 40;
const AT_PID = 48;
const AT_PID_NAMESPACE = 52;
const AT_START_TICKS = 56;
const AT_BOOT_ID = 64;
const BOOT_ID_BYTES = 36;
const AT_CRC = 4092;

/** A process, named so that neither a reused number nor a reboot makes another one look like it. */
export interface DeviceOwner {
  readonly pid: number;
  /** Inode of the PID namespace the number is from. */
  readonly pidNamespace: number;
  /** When it started, in clock ticks since boot. */
  readonly startTicks: number;
  readonly bootId: string;
}

export interface DeviceHeader {
  readonly isInUse: boolean;
  /** 16 bytes, made when the device was first formatted. */
  readonly uuid: Uint8Array;
  readonly pageCount: number;
  /** Who uses it, or who used it last. */
  readonly owner: DeviceOwner;
}

/** What the first page of a device turned out to be. */
export type HeaderReading =
  | { readonly kind: 'header'; readonly header: DeviceHeader }
  /** Our magic, but another version or a wrong checksum. */
  | { readonly kind: 'damaged' }
  | { readonly kind: 'none' };

/** Writes a header into a page of 4096 bytes. */
export function encodeHeader(header: DeviceHeader, page: Uint8Array): void {
  assert(page.length === HEADER_BYTES);
  assert(header.uuid.length === 16 && header.owner.bootId.length === BOOT_ID_BYTES);
  page.fill(0);
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  writeAscii(page, 0, MAGIC);
  view.setUint32(AT_VERSION, VERSION, true);
  view.setUint32(AT_STATE, header.isInUse ? STATE_IN_USE : STATE_CLEAN, true);
  page.set(header.uuid, AT_UUID);
  view.setBigUint64(AT_PAGE_COUNT, BigInt(header.pageCount), true);
  view.setUint32(AT_PID, header.owner.pid, true);
  view.setUint32(AT_PID_NAMESPACE, header.owner.pidNamespace, true);
  view.setBigUint64(AT_START_TICKS, BigInt(header.owner.startTicks), true);
  writeAscii(page, AT_BOOT_ID, header.owner.bootId);
  view.setUint32(AT_CRC, crc32(page.subarray(0, AT_CRC)), true);
}

/** Reads what {@link encodeHeader} wrote; fewer bytes than a page are no header. */
export function decodeHeader(page: Uint8Array): HeaderReading {
  if (page.length < HEADER_BYTES || readAscii(page, 0, MAGIC.length) !== MAGIC) {
    return { kind: 'none' };
  }
  const view = new DataView(page.buffer, page.byteOffset, HEADER_BYTES);
  const state = view.getUint32(AT_STATE, true);
  if (
    view.getUint32(AT_VERSION, true) !== VERSION ||
    view.getUint32(AT_CRC, true) !== crc32(page.subarray(0, AT_CRC)) ||
    (state !== STATE_CLEAN && state !== STATE_IN_USE)
  ) {
    return { kind: 'damaged' };
  }
  const header: DeviceHeader = {
    isInUse: state === STATE_IN_USE,
    uuid: page.slice(AT_UUID, AT_UUID + 16),
    pageCount: Number(view.getBigUint64(AT_PAGE_COUNT, true)),
    owner: {
      pid: view.getUint32(AT_PID, true),
      pidNamespace: view.getUint32(AT_PID_NAMESPACE, true),
      startTicks: Number(view.getBigUint64(AT_START_TICKS, true)),
      bootId: readAscii(page, AT_BOOT_ID, BOOT_ID_BYTES),
    },
  };
  return { kind: 'header', header };
}

function writeAscii(page: Uint8Array, offset: number, text: string): void {
  for (let index = 0; index < text.length; index++) page[offset + index] = text.charCodeAt(index);
}

function readAscii(page: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...page.subarray(offset, offset + length));
}
