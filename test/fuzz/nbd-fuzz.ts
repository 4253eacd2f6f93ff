/**
 * A structure-aware fuzzer for the NBD server's state machines: sessions are built from well-formed
 * messages, or taken from the corpus, and then damaged where it hurts: in lengths, counts, offsets,
 * flags, and by cutting, repeating and joining. Everything comes from one seed, which a failure
 * names.
 *
 * What must hold for any input: nothing throws, every answer is well-formed, memory stays within
 * its limits, and when the client is gone nothing is held.
 *
 *     node dist/test/fuzz/nbd-fuzz.js [iterations] [seed]
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BlkDisk } from '../../src/blk/request.ts';
import { Handshake } from '../../src/nbd/handshake/handshake.ts';
import { resolveLimits } from '../../src/nbd/limits.ts';
import { parseInfoRequest, parseMetaRequest } from '../../src/nbd/handshake/options.ts';
import type { InfoRequest, OptionFault } from '../../src/nbd/handshake/options.ts';
import { RamDisk } from '../../src/testing/ram-disk.ts';
import { Harness } from '../support/nbd-harness.ts';
import {
  concat,
  encodeFlags,
  encodeOption,
  encodeRequest,
  infoData,
  metaData,
  parseOptionReply,
} from '../support/nbd-messages.ts';

const DISK_BYTES = 64 * 4096;
const LIMITS = resolveLimits({ inFlightMax: 8, outboundBytesMax: 100_000, optionCountMax: 50 });
/** Values that lengths, counts and offsets are replaced with. */
const EDGES = [
  0, 1, 3, 4, 27, 28, 4095, 4096, 4097, 0x7fff, 0xffff, 0x1ffffff, 0x2000000, 0x2000001,
];
const HUGE = [0x4000000, 0x4000001, 0x7fffffff, 0x80000000, 0xffffffff];

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0..limit-1. */
  below(limit: number): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return Math.floor((((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32) * limit);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    assert.ok(item !== undefined);
    return item;
  }
}

/** What is fuzzed; a canary puts a broken part in its place. */
export interface Subject {
  readonly parseInfo: (data: Uint8Array) => InfoRequest | OptionFault;
  /** The disk that transmission is shown, given the real one. */
  readonly present: (disk: RamDisk) => BlkDisk;
}

/** The server as it is. */
export const REAL_SUBJECT: Subject = { parseInfo: parseInfoRequest, present: (disk) => disk };

/** Streams of bytes that clients might send, from client flags on. */
export function readCorpus(): Uint8Array[] {
  const folder = fileURLToPath(new URL('../fixtures/nbd-corpus/', import.meta.url));
  return readdirSync(folder)
    .sort()
    .map((name) => new Uint8Array(readFileSync(folder + name)));
}

function randomOption(random: Random): Uint8Array {
  const name = random.pick(['', 'swap', 'none', 'x'.repeat(5000)]);
  const queries = random.pick([[], ['base:allocation'], ['base:', 'qemu:x'], ['']]);
  const data = random.pick([
    infoData(name, random.pick([[], [3], [0, 1, 3, 9]])),
    metaData(name, queries),
    new Uint8Array(random.below(40)),
  ]);
  return encodeOption(
    random.pick([2, 3, 5, 6, 6, 8, 8, 9, 10, 10, 11, 99]),
    damage(random, data, 30),
  );
}

function randomRequest(random: Random): Uint8Array {
  const type = random.pick([0, 0, 1, 1, 1, 3, 4, 5, 6, 7, 8]);
  const flags = random.chance(80) ? 0 : random.below(0x10000);
  const offset = random.chance(80)
    ? random.below(DISK_BYTES)
    : random.pick([...EDGES, ...HUGE, 2 ** 52]);
  const length = random.chance(70) ? 1 + random.below(30_000) : random.pick(EDGES);
  const cookie = random.below(2 ** 32);
  if (type !== 1) return encodeRequest({ type, flags, offset, length, cookie });
  const data = new Uint8Array(random.chance(90) ? Math.min(length, 40_000) : random.below(100));
  return encodeRequest({ type, flags, offset, length: data.length, cookie, data });
}

/** A session: mostly well-formed, so that damage reaches what lies behind the first check. */
function randomSession(random: Random): Uint8Array {
  const parts = [encodeFlags(random.chance(95) ? 3 : random.below(2 ** 32))];
  while (random.chance(60)) parts.push(randomOption(random));
  if (random.chance(60))
    parts.push(encodeOption(8), encodeOption(10, metaData('', ['base:allocation'])));
  parts.push(random.chance(70) ? encodeOption(7, infoData('')) : encodeOption(1));
  while (random.chance(85)) parts.push(randomRequest(random));
  if (random.chance(20)) parts.push(encodeRequest({ type: 2 }));
  return concat(parts);
}

/** Damages a copy, with the given probability for each further piece of damage. */
export function damage(random: Random, bytes: Uint8Array, percent: number): Uint8Array {
  let damaged: Uint8Array = bytes.slice();
  while (random.chance(percent) && damaged.length > 0) {
    const at = random.below(damaged.length);
    switch (random.below(5)) {
      case 0:
        damaged[at] = random.below(256);
        break;
      case 1:
        if (at + 4 <= damaged.length) {
          new DataView(damaged.buffer).setUint32(at, random.pick([...EDGES, ...HUGE]));
        }
        break;
      case 2:
        damaged = damaged.slice(0, at);
        break;
      case 3: {
        const piece = damaged.slice(at, at + random.below(64));
        damaged = concat([damaged.slice(0, at), piece, damaged.slice(at)]);
        break;
      }
      default:
        damaged = concat([damaged.slice(0, at), damaged.slice(at + random.below(64))]);
    }
  }
  return damaged;
}

/** A string that was parsed out of data must have been in it. */
function checkParsers(subject: Subject, data: Uint8Array): void {
  const info = subject.parseInfo(data);
  if (typeof info !== 'string') {
    assert.ok(new TextEncoder().encode(info.exportName).length + 6 <= data.length);
  }
  const meta = parseMetaRequest(data);
  if (typeof meta !== 'string') {
    const bytes = [meta.exportName, ...meta.queries].reduce(
      (sum, text) => sum + 4 + new TextEncoder().encode(text).length,
      4,
    );
    assert.equal(bytes, data.length);
  }
}

/** Runs the handshake; returns what is left for transmission, if it gets there. */
function runHandshake(random: Random, disk: BlkDisk, stream: Uint8Array): Handshake | undefined {
  const handshake = new Handshake(() => [disk], LIMITS);
  handshake.out.take();
  for (let at = 0; at < stream.length;) {
    const piece = stream.subarray(at, at + 1 + random.below(random.pick([4, 100, 20_000])));
    at += piece.length;
    handshake.push(piece);
    let step = handshake.step();
    for (let steps = 0; step === 'again'; steps += 1) {
      assert.ok(steps <= stream.length + 1, 'every step uses input');
      step = handshake.step();
    }
    if (step === 'close' || step === 'drop') return undefined;
    if (step === 'transmit') {
      // Input that was not pushed yet follows what the handshake left over.
      handshake.push(stream.subarray(at));
      return handshake;
    }
    checkOptionReplies(handshake.out.take());
  }
  return undefined;
}

function checkOptionReplies(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    const reply = parseOptionReply(bytes.subarray(at));
    assert.ok(reply !== undefined, 'option replies are whole');
    at += 20 + reply.data.length;
  }
}

/**
 * Simple replies to reads cannot be told apart without knowing what was asked, which a damaged
 * stream does not tell; so structured replies are checked strictly, simple ones only for their
 * progress.
 */
class FuzzHarness extends Harness {
  strict = true;

  override send(segments: readonly Uint8Array[]): boolean {
    if (this.strict) return super.send(segments);
    assert.ok(segments.every((segment) => segment.length > 0));
    return true;
  }
}

function runTransmission(
  random: Random,
  disk: RamDisk,
  shown: BlkDisk,
  handshake: Handshake,
): void {
  const { structured, hasStatus } = handshake;
  const harness = new FuzzHarness(disk, { structured, hasStatus, limits: LIMITS, shown });
  harness.strict = structured && random.chance(90);
  harness.parser.anyCookie = true;
  const stream = handshake.rest;
  for (let at = 0; at < stream.length && !harness.isBroken && !harness.isFinished;) {
    const piece = stream.slice(at, at + 1 + random.below(random.pick([30, 5000, 100_000])));
    at += piece.length;
    harness.push(piece);
    if (random.chance(50)) harness.step();
    if (random.chance(10)) harness.holdsOutput = harness.strict && !harness.holdsOutput;
    if (random.chance(20)) harness.releaseOutput();
    checkBounds(harness);
  }
  harness.holdsOutput = false;
  harness.releaseOutput();
  if (random.chance(50)) {
    harness.settle();
    harness.transmission.inputEnded();
    harness.settle();
    assert.ok(harness.isFinished || harness.isBroken);
  }
  harness.transmission.dispose();
  harness.settle();
  assert.equal(harness.transmission.inFlightCount, 0);
  assert.equal(harness.shared.budget.reservedBytes, 0);
}

function checkBounds(harness: Harness): void {
  const { transmission } = harness;
  assert.ok(transmission.inFlightCount <= LIMITS.inFlightMax);
  assert.ok(transmission.reservedBytes <= LIMITS.ownedBytesPerConnection);
  assert.ok(transmission.queuedBytes <= LIMITS.outboundBytesMax + LIMITS.ownedBytesPerConnection);
}

/** One session. Throws what a violated property throws. */
export function fuzzOnce(subject: Subject, random: Random, corpus: readonly Uint8Array[]): void {
  checkParsers(subject, damage(random, infoData('swap', [3]), 50));
  checkParsers(subject, damage(random, metaData('swap', ['base:allocation', 'base:']), 50));
  const base = random.chance(30) ? random.pick(corpus) : randomSession(random);
  const stream = damage(random, base, 40);
  const waitChance = random.pick([0, 0, 0.2, 1]);
  const disk = new RamDisk('swap', DISK_BYTES, { seed: random.below(2 ** 32), waitChance });
  if (random.chance(20)) disk.badPages.set(random.below(64), 28);
  const shown = subject.present(disk);
  const handshake = runHandshake(random, shown, stream);
  if (handshake !== undefined) runTransmission(random, disk, shown, handshake);
}

/** A violated property, with the seed that finds it again in one iteration. */
export interface Finding {
  readonly seed: number;
  readonly iteration: number;
  readonly error: unknown;
}

/** Runs sessions until one fails; undefined if none did. Session i has seed `seed + i`. */
export function fuzz(iterations: number, seed: number, subject: Subject): Finding | undefined {
  const corpus = readCorpus();
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    try {
      fuzzOnce(subject, new Random(seed + iteration), corpus);
    } catch (error) {
      return { seed: seed + iteration, iteration, error };
    }
  }
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const iterations = Number(process.argv[2] ?? 10_000);
  const seed = Number(process.argv[3] ?? 1);
  console.log(`nbd-fuzz: ${iterations} sessions from seed ${seed}`);
  const finding = fuzz(iterations, seed, REAL_SUBJECT);
  if (finding !== undefined) {
    console.error(`nbd-fuzz: seed ${finding.seed} fails:`, finding.error);
    process.exitCode = 1;
  }
}
