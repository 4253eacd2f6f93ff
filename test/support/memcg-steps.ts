/**
 * Takes the steps of `test/fixtures/kernel-memcg/steps.txt` with the engine, as
 * `test/e2e/guest/memcg-steps.c` takes them with a Linux kernel, and gives the same figures. The
 * engine's client stands for the program: it has a memory of pages that are in or out. A page that
 * comes in is discarded on the disk, because a kernel has it in one place only.
 */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import type { SwapDisk } from '../../src/blk/swap-disk.ts';
import type { Codec } from '../../src/codec/codec.ts';
import { createLz4 } from '../../src/codec/lz4.ts';
import { createLzoRle } from '../../src/codec/lzo-rle.ts';
import type { Memcg } from '../../src/memcg/memcg.ts';
import { present } from '../../src/std/assert.ts';
import { ENOSPC, OK } from '../../src/std/errno.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { submit } from './client.ts';
import { TestMachine } from './machine.ts';
import { generatePage, type PageKind } from './pages.ts';
import { projectFile } from './project.ts';

/** What a `show` step prints of one group; the names are those of the kernel's files. */
export interface Figures {
  readonly compressor: string;
  readonly scenario: string;
  readonly at: string;
  readonly group: string;
  /** `memory.zswap.current`. */
  readonly current: number;
  /** Bytes; of `memory.stat`, as the next three, which count pages. */
  readonly zswapped: number;
  readonly zswpin: number;
  readonly zswpout: number;
  readonly zswpwb: number;
  /** Pages that have gone to the device since the scenario began, of all groups. */
  readonly pswpout: number;
}

/** What a kernel answered. */
export interface KernelFigures {
  /** As `uname -r` says. */
  readonly release: string;
  readonly figures: readonly Figures[];
}

/** Pages that a group's program has. */
const PROGRAM_PAGES = 512;
/** Kinds that every compressor shrinks: what becomes of others is not the groups' business. */
const KINDS: readonly PageKind[] = ['text', 'pointers', 'floats', 'sparse'];
const CODECS: Readonly<Record<string, () => Codec>> = { lz4: createLz4, 'lzo-rle': createLzoRle };

export const STEPS_FILE: string = projectFile('test/fixtures/kernel-memcg/steps.txt');
/** What the console of a guest said, less the kernel's own messages. */
export const RECORDING_FILE: string = projectFile('test/fixtures/kernel-memcg/recorded.txt');

export function readRecording(): KernelFigures {
  return parseConsole(readFileSync(RECORDING_FILE, 'utf8'));
}

/** The lines of a guest's console that are kept. */
export function recordedLines(console: string): string[] {
  return console.split('\n').filter((line) => /^(KERNEL|FIGURES) /.test(line));
}

export function parseConsole(console: string): KernelFigures {
  const lines = recordedLines(console);
  const after = (word: string): string[] =>
    lines.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));
  return {
    release: present(after('KERNEL ')[0]),
    figures: after('FIGURES ').map((line) => JSON.parse(line) as Figures),
  };
}

/** The pages of the groups' programs, one after the other. */
export function programPages(): Uint8Array[] {
  return Array.from({ length: PROGRAM_PAGES }, (_, page) => {
    return generatePage(present(KINDS[page % KINDS.length]), page).bytes;
  });
}

interface Group {
  readonly memcg: Memcg;
  readonly parent: Group | undefined;
  readonly disk: SwapDisk;
  /** Which pages of its program are out; those filled and still in come in order of filling. */
  readonly out: Set<number>;
  filled: number[];
}

/** The groups of one scenario on a machine of their own. */
class Scenario {
  readonly #machine: TestMachine;
  readonly #pages: readonly Uint8Array[];
  readonly #groups = new Map<string, Group>();

  constructor(codec: Codec, pages: readonly Uint8Array[]) {
    this.#machine = new TestMachine({ codec, devicePages: 8 * PROGRAM_PAGES });
    this.#pages = pages;
  }

  addGroup(name: string, parentName: string | undefined): void {
    const machine = this.#machine;
    const parent = parentName === undefined ? undefined : this.#group(parentName);
    const memcg = machine.memcgs.create(name, parent?.memcg);
    const disk = machine.diskOf(machine.swap.swapon(name, PROGRAM_PAGES, memcg));
    this.#groups.set(name, { memcg, parent, disk, out: new Set(), filled: [] });
  }

  set(name: string, file: string, value: string): void {
    const { memcg } = this.#group(name);
    if (file === 'memory.zswap.max') memcg.setZswapMax(Number(value));
    else if (file === 'memory.zswap.writeback') memcg.setWriteback(value === '1');
    else assert.fail(`a group has no ${file}`);
  }

  fill(name: string, first: number, count: number): void {
    const group = this.#group(name);
    for (let page = first; page < first + count; page += 1) {
      // A program that writes to a page that is out has it brought in.
      if (group.out.has(page)) this.#swapIn(group, page);
      group.filled.push(page);
    }
  }

  pageOut(name: string, count: number): void {
    const group = this.#group(name);
    for (const page of group.filled.splice(0, count)) {
      const data = present(this.#pages[page]);
      const request = submit(group.disk, 'write', page * PAGE_SIZE, PAGE_SIZE, data);
      this.#machine.rt.run(1_000_000);
      assert.ok(request.finished && (request.error === OK || request.error === ENOSPC));
      // What the disk does not take stays in memory.
      if (request.error === OK) group.out.add(page);
    }
    this.#machine.check();
  }

  in(name: string, first: number, count: number): void {
    const group = this.#group(name);
    for (let page = first; page < first + count; page += 1) {
      if (group.out.has(page)) this.#swapIn(group, page);
    }
  }

  forget(name: string): void {
    const group = this.#group(name);
    submit(group.disk, 'trim', 0, PROGRAM_PAGES * PAGE_SIZE);
    this.#machine.settle();
    group.out.clear();
  }

  leave(name: string): void {
    this.#machine.memcgs.offline(this.#group(name).memcg);
  }

  swapoff(): void {
    for (const group of this.#groups.values()) {
      for (const page of group.out) this.#swapIn(group, page);
    }
  }

  show(name: string): Omit<Figures, 'compressor' | 'scenario' | 'at'> {
    const { memcg } = this.#group(name);
    return {
      group: name,
      current: memcg.zswapCurrent,
      zswapped: memcg.zswappedPages * PAGE_SIZE,
      zswpin: this.#sum(name, 'zswpin'),
      zswpout: this.#sum(name, 'zswpout'),
      zswpwb: this.#sum(name, 'zswpwb'),
      pswpout: this.#machine.swap.vmstat.pswpout,
    };
  }

  /** Events of a group with those of its descendants, the removed ones included. */
  #sum(name: string, event: 'zswpin' | 'zswpout' | 'zswpwb'): number {
    const top = this.#group(name);
    let sum = 0;
    for (const group of this.#groups.values()) {
      let at: Group | undefined = group;
      while (at !== undefined && at !== top) at = at.parent;
      if (at === top) sum += group.memcg.events[event];
    }
    return sum;
  }

  #swapIn(group: Group, page: number): void {
    const request = submit(group.disk, 'read', page * PAGE_SIZE, PAGE_SIZE);
    this.#machine.rt.run(1_000_000);
    assert.ok(request.finished && request.error === OK);
    assert.ok(Buffer.from(request.data).equals(present(this.#pages[page])), `page ${page}`);
    submit(group.disk, 'trim', page * PAGE_SIZE, PAGE_SIZE);
    this.#machine.rt.run(1_000_000);
    group.out.delete(page);
  }

  #group(name: string): Group {
    return present(this.#groups.get(name));
  }
}

/** Takes the steps of a script and returns what its `show` steps show, in order. */
export function takeSteps(script: string): Figures[] {
  const pages = programPages();
  const shown: Figures[] = [];
  let compressor = '';
  let name = '';
  let scenario: Scenario | undefined;
  for (const line of script.split('\n')) {
    const [step = '', word = '', ...rest] = line.trim().split(/\s+/);
    if (step === '' || step.startsWith('#')) continue;
    if (step === 'compressor') compressor = word;
    else if (step === 'scenario') {
      name = word;
      scenario = new Scenario(present(CODECS[compressor])(), pages);
    } else if (step === 'show') {
      for (const group of rest) {
        const figures = present(scenario).show(group);
        shown.push({ compressor, scenario: name, at: word, ...figures });
      }
    } else takeStep(present(scenario), step, word, rest);
  }
  return shown;
}

function takeStep(scenario: Scenario, step: string, group: string, rest: readonly string[]): void {
  const [first = '', second = ''] = rest;
  switch (step) {
    case 'group':
      scenario.addGroup(group, rest[0]);
      break;
    case 'set':
      scenario.set(group, first, second);
      break;
    case 'fill':
      scenario.fill(group, Number(first), Number(second));
      break;
    case 'out':
      scenario.fill(group, Number(first), Number(second));
      scenario.pageOut(group, Number(second));
      break;
    case 'reclaim':
      scenario.pageOut(group, Number(first));
      break;
    case 'in':
      scenario.in(group, Number(first), Number(second));
      break;
    case 'forget':
      scenario.forget(group);
      break;
    case 'leave':
      scenario.leave(group);
      break;
    case 'swapoff':
      scenario.swapoff();
      break;
    default:
      assert.fail(`unknown step ${step}`);
  }
}
