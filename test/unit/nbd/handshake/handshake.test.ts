// Goal: every option and every way to get one wrong, byte by byte as well as at once.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Handshake } from '../../../../src/nbd/handshake/handshake.ts';
import type { HandshakeStep } from '../../../../src/nbd/handshake/handshake.ts';
import { DEFAULT_LIMITS } from '../../../../src/nbd/limits.ts';
import type { NbdLimits } from '../../../../src/nbd/limits.ts';
import { RamDisk } from '../../../../src/testing/ram-disk.ts';
import {
  concat,
  encodeFlags,
  encodeOption,
  infoData,
  metaData,
  parseOptionReplies,
} from '../../../support/nbd-messages.ts';
import type { OptionReply } from '../../../support/nbd-messages.ts';

const ACK = 1;
const SERVER = 2;
const INFO = 3;
const META = 4;
const UNSUP = 0x80000001;
const INVALID = 0x80000003;
const UNKNOWN = 0x80000006;
const TOO_BIG = 0x80000009;

const swap = new RamDisk('swap', 1024 * 1024);
const other = new RamDisk('größer', 8192);

interface Outcome {
  readonly handshake: Handshake;
  readonly step: HandshakeStep;
  readonly output: Uint8Array;
}

/** Runs a handshake on bytes cut into pieces and stops where it ends. */
function run(
  bytes: Uint8Array,
  piece: number = bytes.length,
  limits: Partial<NbdLimits> = {},
): Outcome {
  const handshake = new Handshake(() => [swap, other], { ...DEFAULT_LIMITS, ...limits });
  assert.equal(handshake.out.take().length, 18);
  let step: HandshakeStep = 'more';
  for (let at = 0; at < bytes.length; at += piece) {
    handshake.push(bytes.subarray(at, at + piece));
    do step = handshake.step();
    while (step === 'again');
    if (step !== 'more') break;
  }
  return { handshake, step, output: handshake.out.take() };
}

/** The replies to options sent after flags that are in order. */
function replies(options: readonly Uint8Array[], limits: Partial<NbdLimits> = {}): OptionReply[] {
  return parseOptionReplies(run(concat([encodeFlags(3), ...options]), 7, limits).output);
}

const types = (list: readonly OptionReply[]): number[] => list.map((reply) => reply.type);

describe('handshake', () => {
  it('greets with fixed newstyle and no-zeroes', () => {
    const out = new Handshake(() => [swap], DEFAULT_LIMITS).out.take();
    assert.equal(Buffer.from(out).toString('latin1'), 'NBDMAGICIHAVEOPT\0\x03');
  });

  it('drops a client with an unknown flag', () => {
    assert.equal(run(encodeFlags(4)).step, 'drop');
    assert.equal(run(encodeFlags(0x80000001)).step, 'drop');
  });

  it('drops a client that does not send the option magic, as soon as that is clear', () => {
    assert.equal(run(concat([encodeFlags(3), new TextEncoder().encode('GET / HT')])).step, 'drop');
  });

  it('goes with size, flags, name and block sizes', () => {
    const go = encodeOption(7, infoData('größer', [3, 1, 77]));
    for (const piece of [1, 5, 1000]) {
      const { handshake, step, output } = run(concat([encodeFlags(3), encodeOption(8), go]), piece);
      assert.equal(step, 'transmit');
      assert.equal(handshake.disk, other);
      const list = parseOptionReplies(output);
      assert.deepEqual(types(list), [ACK, INFO, INFO, INFO, ACK]);
      const [, exported, name, sizes] = list.map((reply) => Buffer.from(reply.data));
      assert.equal(exported?.toString('hex'), '0000' + '0000000000002000' + '09ed');
      assert.equal(name?.subarray(2).toString(), 'größer');
      assert.equal(sizes?.toString('hex'), '0003' + '00000001' + '00001000' + '02000000');
    }
  });

  it('advertises DF only with structured replies', () => {
    const [info] = replies([encodeOption(6, infoData('swap'))]);
    assert.equal(
      Buffer.from(info?.data ?? [])
        .toString('hex')
        .slice(-4),
      '096d',
    );
  });

  it('takes the empty name for the first export', () => {
    assert.equal(run(concat([encodeFlags(3), encodeOption(7, infoData(''))])).handshake.disk, swap);
    assert.equal(run(concat([encodeFlags(3), encodeOption(1)])).handshake.disk, swap);
  });

  it('goes on after INFO and after errors', () => {
    const list = replies([
      encodeOption(6, infoData('none')),
      encodeOption(6, infoData('swap')),
      encodeOption(7, infoData('none')),
      encodeOption(3),
    ]);
    assert.deepEqual(types(list), [UNKNOWN, INFO, ACK, UNKNOWN, SERVER, SERVER, ACK]);
    assert.match(new TextDecoder().decode(list[0]?.data), /none/);
  });

  it('answers EXPORT_NAME with the zeroes unless they were declined', () => {
    const name = new TextEncoder().encode('swap');
    const padded = run(concat([encodeFlags(1), encodeOption(1, name)]));
    assert.equal(padded.step, 'transmit');
    assert.equal(padded.output.length, 10 + 124);
    assert.ok(padded.output.subarray(10).every((byte) => byte === 0));
    assert.equal(run(concat([encodeFlags(3), encodeOption(1, name)])).output.length, 10);
  });

  it('drops a client that names an unknown export where no error can be answered', () => {
    const bytes = concat([encodeFlags(3), encodeOption(1, new TextEncoder().encode('no'))]);
    const { step, output } = run(bytes);
    assert.equal(step, 'drop');
    assert.equal(output.length, 0);
  });

  it('leaves what follows GO to transmission', () => {
    const rest = Uint8Array.of(1, 2, 3);
    const { handshake } = run(concat([encodeFlags(3), encodeOption(7, infoData('swap')), rest]));
    assert.deepEqual(handshake.rest, rest);
  });

  it('acknowledges ABORT and ends', () => {
    const { step, output } = run(concat([encodeFlags(3), encodeOption(2)]));
    assert.equal(step, 'close');
    assert.deepEqual(types(parseOptionReplies(output)), [ACK]);
  });

  it('answers STARTTLS, EXTENDED_HEADERS and unknown options with UNSUP, and reads on', () => {
    const list = replies([
      encodeOption(5),
      encodeOption(11),
      encodeOption(4, new Uint8Array(9)),
      encodeOption(0xfffffff0, new Uint8Array(1000)),
      encodeOption(3),
    ]);
    assert.deepEqual(types(list), [UNSUP, UNSUP, UNSUP, UNSUP, SERVER, SERVER, ACK]);
  });

  it('refuses data where there must be none', () => {
    const data = new Uint8Array(1);
    assert.deepEqual(types(replies([encodeOption(3, data), encodeOption(8, data)])), [
      INVALID,
      INVALID,
    ]);
  });

  it('refuses INFO data whose lengths do not fit, however they do not', () => {
    const good = infoData('swap', [3]);
    const nameTooLong = good.slice();
    new DataView(nameTooLong.buffer).setUint32(0, 0xffffffff);
    const tooManyInfos = good.slice();
    new DataView(tooManyInfos.buffer).setUint16(8, 0xffff);
    const notUtf8 = infoData('abcd');
    notUtf8[4] = 0xff;
    const faulty = [
      good.subarray(0, 3),
      good.subarray(0, good.length - 1),
      concat([good, Uint8Array.of(0)]),
      nameTooLong,
      tooManyInfos,
      notUtf8,
    ];
    for (const data of faulty) assert.deepEqual(types(replies([encodeOption(6, data)])), [INVALID]);
  });

  it('takes names of 4096 bytes and no more', () => {
    assert.deepEqual(types(replies([encodeOption(6, infoData('x'.repeat(4096)))])), [UNKNOWN]);
    assert.deepEqual(types(replies([encodeOption(6, infoData('x'.repeat(4097)))])), [TOO_BIG]);
    const long = new TextEncoder().encode('x'.repeat(4097));
    assert.equal(run(concat([encodeFlags(3), encodeOption(1, long)])).step, 'drop');
  });

  it('skips an option that is too long, answers it, and reads on', () => {
    const limits = { optionBytesMax: 100, optionSkipBytesMax: 300 };
    const list = replies([encodeOption(6, new Uint8Array(101)), encodeOption(3)], limits);
    assert.deepEqual(types(list), [TOO_BIG, SERVER, SERVER, ACK]);
    const hopeless = concat([encodeFlags(3), encodeOption(6, new Uint8Array(0), 301)]);
    assert.equal(run(hopeless, 5, limits).step, 'drop');
  });

  it('drops a client that haggles for ever', () => {
    const options = Array.from({ length: 6 }, () => encodeOption(3));
    const bytes = concat([encodeFlags(3), ...options]);
    assert.equal(run(bytes, 50, { optionCountMax: 5 }).step, 'drop');
    assert.equal(run(bytes, 50, { optionCountMax: 6 }).step, 'more');
  });
});

describe('metadata contexts', () => {
  const set = (queries: readonly string[], name = 'swap'): Uint8Array =>
    encodeOption(10, metaData(name, queries));
  const list = (queries: readonly string[]): Uint8Array =>
    encodeOption(9, metaData('swap', queries));
  const hasStatus = (...options: readonly Uint8Array[]): boolean =>
    run(concat([encodeFlags(3), ...options, encodeOption(7, infoData('swap'))])).handshake
      .hasStatus;

  it('lists base:allocation for no query, its namespace and its name', () => {
    for (const queries of [[], ['base:'], ['base:allocation'], ['x-other:y', 'base:allocation']]) {
      assert.deepEqual(types(replies([encodeOption(8), list(queries)])), [ACK, META, ACK]);
    }
    assert.deepEqual(types(replies([encodeOption(8), list(['qemu:', 'base:x'])])), [ACK, ACK]);
  });

  it('selects base:allocation by its name only', () => {
    assert.deepEqual(types(replies([encodeOption(8), set(['base:allocation'])])), [ACK, META, ACK]);
    for (const queries of [[], ['base:'], ['qemu:dirty-bitmap:x']]) {
      assert.deepEqual(types(replies([encodeOption(8), set(queries)])), [ACK, ACK]);
    }
  });

  it('refuses to select without structured replies', () => {
    assert.deepEqual(types(replies([set(['base:allocation'])])), [INVALID]);
  });

  it('reports an unknown export', () => {
    assert.deepEqual(types(replies([encodeOption(8), set(['base:allocation'], 'no')])), [
      ACK,
      UNKNOWN,
    ]);
    assert.deepEqual(types(replies([encodeOption(9, metaData('no', []))])), [UNKNOWN]);
  });

  it('counts only the last selection, and only for the export that is chosen', () => {
    const structured = encodeOption(8);
    assert.equal(hasStatus(structured, set(['base:allocation'])), true);
    assert.equal(hasStatus(structured, set(['base:allocation'], '')), true);
    assert.equal(hasStatus(structured), false);
    assert.equal(hasStatus(structured, set(['base:allocation'], 'größer')), false);
    assert.equal(hasStatus(structured, set(['base:allocation']), set([])), false);
    assert.equal(hasStatus(structured, set(['base:allocation']), set(['base:'], 'no')), false);
    const cut = encodeOption(10, metaData('swap', ['base:allocation']).subarray(0, 20));
    assert.equal(hasStatus(structured, set(['base:allocation']), cut), false);
  });

  it('refuses counts and lengths beyond the data', () => {
    const data = metaData('swap', ['base:allocation']);
    const manyQueries = data.slice();
    new DataView(manyQueries.buffer).setUint32(8, 0xffffffff);
    const longQuery = data.slice();
    new DataView(longQuery.buffer).setUint32(12, 0x7fffffff);
    for (const faulty of [manyQueries, longQuery, data.subarray(0, 9), concat([data, data])]) {
      assert.deepEqual(types(replies([encodeOption(9, faulty)])), [INVALID]);
    }
  });
});
