/** A machine with one disk, and short words for what tests of the disk front end do with it. */
import assert from 'node:assert/strict';
import type { SwapDisk } from '../../src/blk/swap-disk.ts';
import type { Memcg } from '../../src/memcg/memcg.ts';
import type { DeviceSim } from '../../src/sim/world/device-sim.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { Bio } from '../../src/swap/device/device.ts';
import type { SlotKind, SwapSlot } from '../../src/swap/table.ts';
import { submit, type ClientRequest } from './client.ts';
import { TestMachine, type MachineOptions } from './machine.ts';
import { createWordCodec } from './word-codec.ts';

export interface DiskMachineOptions extends MachineOptions {
  /** Pages of the disk; 64 by default. */
  readonly pages?: number;
}

export class DiskMachine extends TestMachine {
  readonly disk: SwapDisk;
  readonly memcg: Memcg;

  constructor(options: DiskMachineOptions = {}) {
    super({ codec: createWordCodec(), ...options });
    const { disk, memcg } = this.export('vm', options.pages ?? 64);
    this.disk = disk;
    this.memcg = memcg;
  }

  /** The device, which this machine was made with. */
  get spill(): DeviceSim {
    assert.ok(this.device !== undefined);
    return this.device;
  }

  slot(page: number): SwapSlot {
    return this.disk.area.slot(page);
  }

  kind(page: number): SlotKind {
    return this.swap.table.kind(this.slot(page));
  }

  /** Runs a request to its end. */
  request(
    op: 'read' | 'write' | 'trim' | 'zero' | 'flush',
    offset: number,
    length: number,
    data?: Uint8Array,
  ): ClientRequest {
    const request = submit(this.disk, op, offset, length, data);
    this.settle();
    assert.equal(request.finished, true, `${op} has not finished`);
    assert.equal(this.swap.cache.busySlots, 0);
    assert.equal(this.disk.underWay, 0);
    return request;
  }

  /** Writes whole pages; the error number. */
  write(page: number, data: Uint8Array): number {
    return this.request('write', page * PAGE_SIZE, data.length, data).error;
  }

  /** Writes whole pages that zswap is made to refuse, so that they go to the device. */
  spillPages(page: number, data: Uint8Array): number {
    const { enabled } = this.params;
    this.params.enabled = false;
    const error = this.write(page, data);
    this.params.enabled = enabled;
    return error;
  }

  /** Reads whole pages; an error number instead where there is one. */
  read(page: number, count = 1): Uint8Array | number {
    const request = this.request('read', page * PAGE_SIZE, count * PAGE_SIZE);
    return request.error === 0 ? request.data.slice() : request.error;
  }

  /** Changes the content of a device page behind everybody's back. */
  corruptDevicePage(devicePage: number): void {
    const bio = new Bio();
    bio.devicePage = devicePage;
    bio.pageCount = 1;
    bio.bytes.fill(0x5a);
    const { writeErrors } = this.spill;
    this.spill.writeErrors = 0;
    this.spill.write(bio);
    this.settle();
    this.spill.writeErrors = writeErrors;
  }
}
