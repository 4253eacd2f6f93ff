/**
 * Folios: 2^order frames at a multiple of 2^order that are used as one, named by the first, the
 * head. Group, slot, region and index may be asked for by any frame and are that frame's; links,
 * flags, pins and mapcount are the folio's: flags and counts may be asked for by any of its frames,
 * links are between heads.
 *
 * Life: {@link FolioTable.begin} when frames have been allocated, {@link FolioTable.end} before
 * they are freed. A number that was kept across a wait says nothing until it has been looked up
 * again: the frame may be another folio's by then.
 *
 * @see include/linux/mm_types.h struct folio, include/linux/page-flags.h
 */
import { assert } from '../std/assert.ts';
import type { Brand } from '../std/brand.ts';
import type { Links } from '../std/list.ts';
import type { Pfn } from './frames.ts';
import {
  PREVIOUS,
  NEXT,
  HEAD,
  PINS,
  MAPCOUNT,
  SLOT,
  REGION,
  INDEX,
  UPTODATE,
  DIRTY,
  WRITEBACK,
  REFERENCED,
  ACTIVE,
  WORKINGSET,
  READAHEAD,
  ACCESSED,
  LRU,
  MEMCG_SHIFT,
  NO_SLOT,
  FolioRecords,
  type MemcgNumber,
} from './folio-records.ts';

/** The slot that a page is swapped to: a `SwapSlot`, whose owner is above this floor. */
type SlotNumber = Brand<number, 'SwapSlot'>;

export class FolioTable extends FolioRecords implements Links {
  /** Users of the folio's memory besides page tables: it is neither moved nor reclaimed. */
  pins(pfn: Pfn): number {
    return this.count(pfn, PINS);
  }

  pin(pfn: Pfn): void {
    this.addToCount(pfn, PINS, 1);
  }

  /** Drops a pin; returns how many are left. */
  unpin(pfn: Pfn): number {
    return this.addToCount(pfn, PINS, -1);
  }

  /** Page table entries that map any page of the folio. */
  mapcount(pfn: Pfn): number {
    return this.count(pfn, MAPCOUNT);
  }

  addMap(pfn: Pfn): void {
    this.addToCount(pfn, MAPCOUNT, 1);
  }

  /** Counts one mapping less; returns how many are left. */
  dropMap(pfn: Pfn): number {
    return this.addToCount(pfn, MAPCOUNT, -1);
  }

  /** The slot of this very frame's page; -1 if it has none. */
  slot(pfn: Pfn): SlotNumber | -1 {
    const slot = this.field(pfn, SLOT);
    // Slots go beyond 2^31, but the last cluster's numbers are nobody's.
    return slot === NO_SLOT ? NO_SLOT : ((slot >>> 0) as SlotNumber);
  }

  setSlot(pfn: Pfn, slot: SlotNumber | -1): void {
    this.setField(pfn, SLOT, slot);
  }

  memcg(pfn: Pfn): MemcgNumber {
    return (this.field(pfn, HEAD) >>> MEMCG_SHIFT) as MemcgNumber;
  }

  /** Number of the region family that this frame's page belongs to. */
  region(pfn: Pfn): number {
    return this.field(pfn, REGION);
  }

  /** Place of this very frame's page in its region family, in pages. */
  index(pfn: Pfn): number {
    return this.field(pfn, INDEX) >>> 0;
  }

  /** The content is that of the page: it has been read or written completely. */
  uptodate(pfn: Pfn): boolean {
    return this.flag(pfn, UPTODATE);
  }

  setUptodate(pfn: Pfn, value: boolean): void {
    this.setFlag(pfn, UPTODATE, value);
  }

  /** The frame may be the only place of its content. */
  dirty(pfn: Pfn): boolean {
    return this.flag(pfn, DIRTY);
  }

  setDirty(pfn: Pfn, value: boolean): void {
    this.setFlag(pfn, DIRTY, value);
  }

  /** The content is being written out; the folio must not be freed. */
  writeback(pfn: Pfn): boolean {
    return this.flag(pfn, WRITEBACK);
  }

  setWriteback(pfn: Pfn, value: boolean): void {
    this.setFlag(pfn, WRITEBACK, value);
  }

  /** Used since reclaim last looked at it. */
  referenced(pfn: Pfn): boolean {
    return this.flag(pfn, REFERENCED);
  }

  setReferenced(pfn: Pfn, value: boolean): void {
    this.setFlag(pfn, REFERENCED, value);
  }

  /** On the active list rather than the inactive one. */
  active(pfn: Pfn): boolean {
    return this.flag(pfn, ACTIVE);
  }

  setActive(pfn: Pfn, value: boolean): void {
    this.setFlag(pfn, ACTIVE, value);
  }

  /** Was active when it was evicted, or has been deactivated. */
  workingset(pfn: Pfn): boolean {
    return this.flag(pfn, WORKINGSET);
  }

  setWorkingset(pfn: Pfn, value: boolean): void {
    this.setFlag(pfn, WORKINGSET, value);
  }

  /** Was read before anybody asked for it, and nobody has since. */
  readahead(pfn: Pfn): boolean {
    return this.flag(pfn, READAHEAD);
  }

  setReadahead(pfn: Pfn, value: boolean): void {
    this.setFlag(pfn, READAHEAD, value);
  }

  /** Was used since reclaim has last looked (the hardware's accessed bit). */
  accessed(pfn: Pfn): boolean {
    return this.flag(pfn, ACCESSED);
  }

  setAccessed(pfn: Pfn, value: boolean): void {
    this.setFlag(pfn, ACCESSED, value);
  }

  /** On an LRU list. */
  lru(pfn: Pfn): boolean {
    return this.flag(pfn, LRU);
  }

  setLru(pfn: Pfn, value: boolean): void {
    this.setFlag(pfn, LRU, value);
  }

  previous(index: number): number {
    return this.field(index, PREVIOUS);
  }

  next(index: number): number {
    return this.field(index, NEXT);
  }

  setPrevious(index: number, to: number): void {
    assert(this.head(index as Pfn) === index, 'not the head of a folio');
    this.setField(index, PREVIOUS, to);
  }

  setNext(index: number, to: number): void {
    this.setField(index, NEXT, to);
  }
}
