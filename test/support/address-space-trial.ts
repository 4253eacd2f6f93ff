/**
 * A trial of address spaces: actors read, write, pin, discard, page out and copy regions that share
 * folios, slots and frames, beside a model; others disturb them. Each actor alone writes its blocks
 * of pages, which lie side by side in all regions, so that folios have pages of several actors.
 */
import assert from 'node:assert/strict';
import type { CodecLane } from '../../src/codec/codec.ts';
import type { Memcg } from '../../src/memcg/memcg.ts';
import { Access, type AccessResult } from '../../src/mm/access.ts';
import { copyRegion } from '../../src/mm/copy.ts';
import { Discard } from '../../src/mm/discard.ts';
import { unpinFolio } from '../../src/mm/folio-life.ts';
import type { LargeSwapin, SwapinMode } from '../../src/mm/mm.ts';
import { Pageout } from '../../src/mm/pageout.ts';
import type { Region } from '../../src/mm/region.ts';
import { SwapOff } from '../../src/mm/swapoff.ts';
import type { Pfn } from '../../src/page/frames.ts';
import { createWordCodec } from '../../src/sim/world/word-codec.ts';
import { present } from '../../src/std/assert.ts';
import { ENOMEM, OK } from '../../src/std/errno.ts';
import { Prng } from '../../src/std/prng.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import type { SwapArea } from '../../src/swap/info.ts';
import { createZpool, type ZpoolName } from '../../src/zpool/open.ts';
import { TestAddressSpace } from './address-space.ts';

export interface TrialOptions {
  readonly seed: number;
  readonly actors: number;
  readonly pages: number;
  readonly frames: number;
  readonly poolPages: number;
  readonly devicePages: number;
  readonly orderMax: number;
  readonly swapinMode: SwapinMode;
  readonly largeSwapin: LargeSwapin;
  /** Operations of all actors together. */
  readonly steps: number;
  /** Whether the nemesis is at work: limits, errors, switches, swapoff. */
  readonly disturbed: boolean;
}

/** Pages that belong to one actor and lie side by side. */
const BLOCK_PAGES = 2;
const REGIONS_MAX = 4;
const WORDS = PAGE_SIZE / 4;

/** A region, what it should hold, and who is at it. */
class ModelRegion {
  readonly region: Region;
  readonly words: Uint32Array;
  /** Pins held, and operations under way. */
  pins = 0;
  users = 0;

  constructor(region: Region, words: Uint32Array) {
    this.region = region;
    this.words = words;
  }
}

export class Trial {
  readonly space: TestAddressSpace;
  readonly random: Prng;
  readonly options: TrialOptions;
  readonly regions: ModelRegion[] = [];
  readonly actors: Actor[] = [];
  readonly groups: Memcg[] = [];
  /** Chance in 256 that a decompression fails. */
  corruption = 0;
  /** Errors other than {@link ENOMEM} are expected, now or since an operation began. */
  mayFail = false;
  failures = 0;
  operations = 0;
  left: number;
  #copies = 0;

  constructor(options: TrialOptions) {
    this.options = options;
    this.left = options.steps;
    this.random = new Prng(options.seed);
    this.space = new TestAddressSpace({
      seed: options.seed,
      frames: options.frames,
      slots: 512,
      poolPages: options.poolPages,
      devicePages: options.devicePages,
      swapinMode: options.swapinMode,
      largeSwapin: options.largeSwapin,
      pageCluster: options.seed % 4,
    });
    const { mm } = this.space;
    if (options.seed % 8 > 4) mm.readahead.mode = 'cluster';
    if (options.seed % 2 === 0) this.space.addArea('second', 700, options.seed % 3);
    this.switchCompressor();
    this.addGroup();
    for (let i = 0; i < 1 + (options.seed % 3); i += 1) this.addRegion();
    for (let i = 0; i < options.actors; i += 1) this.actors.push(new Actor(this, i));
  }

  addGroup(): Memcg {
    const parent = this.random.below(2) === 0 ? undefined : this.groups.at(-1);
    const group = this.space.memcgs.create(`group ${this.groups.length}`, parent);
    this.groups.push(group);
    return group;
  }

  addRegion(): void {
    const { pages, orderMax } = this.options;
    const group = present(this.groups.at(-1));
    const order = orderMax === 0 ? 0 : this.random.below(orderMax + 1);
    const region = this.space.mm.map(`region ${this.regions.length}`, group, pages, order);
    this.regions.push(new ModelRegion(region, new Uint32Array(pages * WORDS)));
  }

  /** Makes another compressor the current one, whose streams no other understands. */
  switchCompressor(): void {
    const { random, space } = this;
    const codec = createWordCodec(random.below(3));
    const type: ZpoolName = random.below(3) === 0 ? 'zbud' : 'zsmalloc';
    const createLane = (): CodecLane => {
      const lane = codec.createLane() as CodecLane;
      return {
        window: lane.window,
        compress: (page) => lane.compress(page),
        decompress: (length, target, offset) => {
          if (this.corruption > random.below(256)) return false;
          return lane.decompress(length, target, offset);
        },
      };
    };
    space.zswap.setCurrentPool({ ...codec, createLane }, type, (cells) =>
      createZpool(type, space.arena, cells),
    );
  }

  /** Copies a region as it is now, in the middle of whatever is under way. */
  copy(): void {
    const from = present(this.regions[this.random.below(this.regions.length)]);
    if (this.regions.length >= REGIONS_MAX || from.pins > 0) return;
    const words = from.words.slice();
    for (const actor of this.actors) actor.applyTo(from, words);
    this.#copies += 1;
    const group = present(this.groups.at(-1));
    const name = `copy ${this.#copies}`;
    const region = copyRegion(this.space.mm, from.region, name, group);
    this.regions.push(new ModelRegion(region, words));
  }

  /** Unmaps a region that nobody is at. */
  unmap(): void {
    const at = this.random.below(this.regions.length);
    const { region, pins, users } = present(this.regions[at]);
    if (this.regions.length === 1 || pins > 0 || users > 0) return;
    this.regions.splice(at, 1);
    this.forget(region);
  }

  forget(region: Region): void {
    assert.ok(new Discard(this.space.mm).begin(region, 0, region.pageCount));
    region.mapped = false;
    this.space.mm.forget(region);
  }

  /** Runs all there is to the end, and gives back everything. */
  run(): void {
    const { rt, mm } = this.space;
    const bystander = new Bystander(this);
    const nemesis = this.options.disturbed ? new Nemesis(this) : undefined;
    for (const task of [...this.actors, bystander]) rt.wake(task);
    if (nemesis !== undefined) rt.wake(nemesis);
    let steps = 0;
    const checkSometimes = (): void => {
      steps += 1;
      if (steps % 400 === 0) this.space.check();
    };
    rt.run(this.options.steps * 2000, checkSometimes);
    assert.ok(
      this.actors.every(({ isIdle }) => isIdle) && bystander.isIdle,
      'somebody waits for ever',
    );
    nemesis?.calm();
    mm.setFramePages(this.options.frames + this.options.pages * REGIONS_MAX);
    this.space.settle();
    for (const each of this.regions) this.#verify(each);
    this.space.settle();
    for (const { region } of this.regions) this.forget(region);
    this.space.settle();
    this.space.assertDrained();
  }

  #verify({ region, words }: ModelRegion): void {
    const bytes = new Uint8Array(region.pageCount * PAGE_SIZE);
    const access = new Access(this.space.mm);
    let result = access.begin('read', region, 0, bytes.length, bytes);
    access.onEnd = (_, ended) => void (result = ended);
    this.space.settle();
    assert.equal(result, 'done', `error ${access.error} in the end`);
    assert.deepEqual(new Uint32Array(bytes.buffer), words);
  }
}

class Actor {
  readonly #trial: Trial;
  readonly #number: number;
  readonly #access: Access;
  readonly #pageout: Pageout;
  readonly #buffer: Uint8Array = new Uint8Array(BLOCK_PAGES * PAGE_SIZE);
  readonly #words: Uint32Array = new Uint32Array(this.#buffer.buffer);
  #at: ModelRegion | undefined;
  #op = '';
  #offset = 0;
  #length = 0;
  #toPin = false;
  #pin = 0 as Pfn;
  #pinned: ModelRegion | undefined;
  #pinnedPage = 0;
  isIdle = false;

  constructor(trial: Trial, number: number) {
    this.#trial = trial;
    this.#number = number;
    const { mm, rt } = trial.space;
    this.#access = new Access(mm);
    this.#access.onEnd = (_, result) => this.#ended(result);
    this.#pageout = new Pageout(mm);
    this.#pageout.onEnd = () => this.#ended('done');
    rt.nameTask(this.#access, `actor ${number}`);
  }

  /** Notes in a model what the write under way has written to the region so far. */
  applyTo(to: ModelRegion, words: Uint32Array): void {
    if (this.#op !== 'write' || this.#at !== to) return;
    words.set(this.#words.subarray(0, this.#access.done / 4), this.#offset / 4);
  }

  resume(): void {
    const trial = this.#trial;
    if (trial.left <= 0) {
      this.#release();
      this.isIdle = true;
      return;
    }
    trial.left -= 1;
    trial.operations += 1;
    const { random } = trial;
    this.#at = present(trial.regions[random.below(trial.regions.length)]);
    this.#at.users += 1;
    const dice = random.below(24);
    if (dice < 8) this.#move('read');
    else if (dice < 15) this.#move('write');
    else if (dice < 17) this.#discard();
    else if (dice < 19) this.#swapOut();
    else if (dice < 20) this.#copyOrUnmap();
    else if (this.#pin === 0) this.#takePin();
    else if (dice < 22) this.#useAndRelease();
    else this.#move('read');
  }

  #firstPage(): number {
    const { pages, actors } = this.#trial.options;
    const blocks = Math.floor(pages / (actors * BLOCK_PAGES));
    const block = this.#trial.random.below(blocks) * actors + this.#number;
    return block * BLOCK_PAGES;
  }

  /** Reads or writes a page, or words of a block that may lie in both its pages. */
  #move(op: 'read' | 'write'): void {
    const { random } = this.#trial;
    const first = this.#firstPage();
    if (random.below(4) > 0) {
      this.#offset = (first + random.below(BLOCK_PAGES)) * PAGE_SIZE;
      this.#length = PAGE_SIZE;
    } else {
      const from = random.below(BLOCK_PAGES * WORDS);
      this.#offset = first * PAGE_SIZE + from * 4;
      this.#length = 4 * (1 + random.below(BLOCK_PAGES * WORDS - from));
    }
    if (op === 'write') this.#words.fill(random.below(6) === 0 ? 0 : random.below(2 ** 31));
    this.#begin(op, random.below(8) === 0);
  }

  #begin(op: 'read' | 'write' | 'pin', nowait: boolean): void {
    this.#op = op;
    const bytes = this.#buffer.subarray(0, this.#length);
    const { region } = present(this.#at);
    const options = { nowait, write: this.#toPin && op === 'pin' };
    const result = this.#access.begin(op, region, this.#offset, this.#length, bytes, options);
    if (result !== 'waiting') this.#ended(result);
  }

  #discard(): void {
    this.#op = 'discard';
    const at = present(this.#at);
    const first = this.#firstPage();
    const end = first + 1 + this.#trial.random.below(BLOCK_PAGES);
    if (this.#pinned === at && this.#pinnedPage >= first && this.#pinnedPage < end) this.#release();
    assert.ok(new Discard(this.#trial.space.mm).begin(at.region, first, end));
    at.words.fill(0, first * WORDS, end * WORDS);
    this.#ended('done');
  }

  #swapOut(): void {
    this.#op = 'pageout';
    const { region } = present(this.#at);
    const first = this.#firstPage();
    const end = Math.min(region.pageCount, first + this.#trial.random.below(region.pageCount));
    if (this.#pageout.begin(region, first, Math.max(first, end))) this.#ended('done');
  }

  #copyOrUnmap(): void {
    this.#op = 'copy';
    if (this.#trial.random.below(2) === 0) this.#trial.copy();
    else this.#trial.unmap();
    this.#ended('done');
  }

  #takePin(): void {
    this.#toPin = this.#trial.random.below(2) === 0;
    this.#pinnedPage = this.#firstPage() + this.#trial.random.below(BLOCK_PAGES);
    this.#offset = this.#pinnedPage * PAGE_SIZE;
    this.#length = PAGE_SIZE;
    this.#begin('pin', this.#trial.random.below(8) === 0);
  }

  #pinnedWords(): Uint32Array {
    const view = this.#trial.space.mm.frames.view(this.#pin);
    return new Uint32Array(view.buffer, view.byteOffset, WORDS);
  }

  /** Looks at what was pinned long ago, writes to it, and lets go. */
  #useAndRelease(): void {
    this.#op = 'unpin';
    const model = present(this.#pinned).words;
    const from = this.#pinnedPage * WORDS;
    assert.deepEqual(this.#pinnedWords(), model.slice(from, from + WORDS));
    if (this.#toPin) {
      const word = this.#trial.random.below(2 ** 31);
      this.#pinnedWords().fill(word);
      model.fill(word, from, from + WORDS);
    }
    if (this.#trial.random.below(3) === 0) this.#release();
    this.#ended('done');
  }

  #release(): void {
    if (this.#pin === 0) return;
    const { mm } = this.#trial.space;
    unpinFolio(mm, mm.folios.head(this.#pin));
    present(this.#pinned).pins -= 1;
    this.#pin = 0 as Pfn;
    this.#pinned = undefined;
  }

  #ended(result: AccessResult): void {
    const trial = this.#trial;
    const at = present(this.#at);
    if (this.#op === 'write') this.applyTo(at, at.words);
    if (result === 'failed') {
      trial.failures += 1;
      const { error } = this.#access;
      assert.ok(trial.mayFail || error === ENOMEM, `error ${error}`);
    }
    if (result === 'done' && this.#op === 'read') {
      const words = at.words.slice(this.#offset / 4, (this.#offset + this.#length) / 4);
      const read = this.#words.subarray(0, words.length);
      const wrong = words.findIndex((word, i) => word !== read[i]);
      const page = Math.floor((this.#offset + wrong * 4) / PAGE_SIZE);
      assert.ok(
        wrong < 0,
        `${at.region.name}: page ${page} holds ${read[wrong]}, not ${words[wrong]}`,
      );
    }
    if (result === 'done' && this.#op === 'pin') {
      this.#pin = this.#access.pfn;
      this.#pinned = at;
      at.pins += 1;
    }
    at.users -= 1;
    this.#op = '';
    this.#at = undefined;
    trial.space.rt.wake(this);
  }
}

/** Reads, touches, pins and swaps out pages of anybody, and verifies nothing. */
class Bystander {
  readonly #trial: Trial;
  readonly #access: Access;
  readonly #pageout: Pageout;
  readonly #buffer = new Uint8Array(PAGE_SIZE * 4);
  #at: ModelRegion | undefined;
  #isPin = false;
  isIdle = false;

  constructor(trial: Trial) {
    this.#trial = trial;
    this.#access = new Access(trial.space.mm);
    this.#access.onEnd = (_, result) => this.#ended(result);
    this.#pageout = new Pageout(trial.space.mm);
    this.#pageout.onEnd = () => this.#ended('blocked');
    trial.space.rt.nameTask(this.#access, 'bystander');
  }

  resume(): void {
    const trial = this.#trial;
    const { random } = trial;
    if (trial.left <= 0) {
      this.isIdle = true;
      return;
    }
    this.#at = present(trial.regions[random.below(trial.regions.length)]);
    const { region } = this.#at;
    this.#at.users += 1;
    const pages = Math.min(region.pageCount, 1 + random.below(4));
    const first = random.below(region.pageCount - pages + 1);
    const dice = random.below(8);
    if (dice === 0) {
      if (this.#pageout.begin(region, first, first + pages)) this.#ended('blocked');
      return;
    }
    this.#isPin = dice === 1;
    const op = this.#isPin ? 'pin' : dice < 4 ? 'touch' : 'read';
    const length = this.#isPin ? PAGE_SIZE : pages * PAGE_SIZE;
    const nowait = random.below(4) === 0;
    const at = first * PAGE_SIZE;
    const result = this.#access.begin(op, region, at, length, this.#buffer, { nowait });
    if (result !== 'waiting') this.#ended(result);
  }

  #ended(result: AccessResult): void {
    const at = present(this.#at);
    at.users -= 1;
    const { mm, rt } = this.#trial.space;
    if (!this.#isPin || result !== 'done') {
      rt.wake(this);
      return;
    }
    this.#isPin = false;
    at.pins += 1;
    const { pfn } = this.#access;
    const release = {
      resume: (): void => {
        at.pins -= 1;
        unpinFolio(mm, mm.folios.head(pfn));
        rt.wake(this);
      },
    };
    rt.wake(release);
  }
}

/** Changes limits, makes things fail for a while, switches compressors, removes and adds areas. */
class Nemesis {
  readonly #trial: Trial;
  readonly #swapoff: SwapOff;
  #removing: SwapArea | undefined;
  #idle = 0;
  #areas = 0;

  constructor(trial: Trial) {
    this.#trial = trial;
    this.#swapoff = new SwapOff(trial.space.mm);
    this.#swapoff.onEnd = () => void (this.#removing = undefined);
  }

  resume(): void {
    const { left, random, space } = this.#trial;
    if (left <= 0) {
      this.#swapoff.aborted = true;
      return;
    }
    this.#idle -= 1;
    if (this.#idle <= 0) {
      this.#idle = random.below(60);
      this.#act(random.below(14));
    }
    space.rt.wake(this);
  }

  /** Makes everything work again. */
  calm(): void {
    const { space } = this.#trial;
    assert.equal(this.#removing, undefined, 'swapoff waits for ever');
    this.#trial.corruption = 0;
    const { device } = space;
    if (device !== undefined) device.readErrors = device.writeErrors = 0;
    for (const group of space.memcgs.groups()) {
      group.setMemoryMax(Infinity);
      group.setZswapMax(Infinity);
      group.setWriteback(true);
    }
  }

  #act(what: number): void {
    const trial = this.#trial;
    const { random, space, options } = trial;
    const group = present(trial.groups.at(-1));
    const off = random.below(2) === 0;
    switch (what) {
      case 0:
        trial.mayFail = true;
        trial.corruption = off ? 0 : 40;
        break;
      case 1:
        trial.mayFail = true;
        if (space.device !== undefined) space.device.readErrors = off ? 0 : 60;
        break;
      case 2:
        if (space.device !== undefined) space.device.writeErrors = off ? 0 : 60;
        break;
      case 3:
        trial.switchCompressor();
        break;
      case 4:
        group.setMemoryMax(off ? Infinity : random.below(options.frames + 2) * PAGE_SIZE);
        break;
      case 5:
        group.setZswapMax(off ? Infinity : random.below(4) * PAGE_SIZE);
        break;
      case 6:
        group.setWriteback(off);
        break;
      case 7:
        space.mm.setFramePages(2 + random.below(options.frames * 2));
        break;
      case 8:
        space.params.poolBytes = (1 + random.below(options.poolPages * 2)) * PAGE_SIZE;
        break;
      case 9:
        space.params.enabled = random.below(4) > 0;
        break;
      case 10:
        this.#replaceGroup();
        break;
      case 11:
        space.mm.swapinMode = off ? 'cache' : 'direct';
        break;
      default:
        this.#changeAreas();
    }
  }

  /** The group of the youngest regions goes; what it has is its parent's. */
  #replaceGroup(): void {
    const { groups, space, random } = this.#trial;
    const group = present(groups.at(-1));
    if (random.below(2) === 0 && groups.length < 5) {
      this.#trial.addGroup();
      return;
    }
    if (groups.length < 2 || group.children.some(({ online }) => online)) return;
    groups.pop();
    space.memcgs.offline(group);
  }

  #changeAreas(): void {
    const { space, random } = this.#trial;
    const areas = space.mm.areas.all;
    if (this.#removing !== undefined) {
      this.#swapoff.aborted = random.below(4) === 0;
      return;
    }
    if (areas.length < 2) {
      this.#areas += 1;
      space.addArea(`area ${this.#areas}`, 40 + random.below(600), random.below(3));
      return;
    }
    this.#removing = present(areas[random.below(areas.length)]).area;
    this.#swapoff.begin(this.#removing);
  }
}

/** Fails loudly where a trial did next to nothing. */
export function assertWorked(trial: Trial): void {
  assert.ok(trial.failures < trial.operations / 2, `${trial.failures} operations have failed`);
  assert.equal(trial.space.zswap.stats.stored_pages, 0);
  assert.equal(trial.space.device?.underWay ?? OK, 0);
}
