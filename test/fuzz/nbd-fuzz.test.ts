// Goal: a quick pass of the fuzzer in every run, and proof that it finds what it is for: two parts
// that trust what a client says are put in, and each must be found.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InfoRequest } from '../../src/nbd/handshake/options.ts';
import { fuzz, readCorpus, REAL_SUBJECT } from './nbd-fuzz.ts';

const SEED = 20_261_121;

describe('NBD fuzzer', () => {
  it('has a corpus', () => {
    assert.ok(readCorpus().length >= 8);
  });

  it(`finds nothing in 1500 sessions from seed ${SEED}`, () => {
    const finding = fuzz(1500, SEED, REAL_SUBJECT);
    if (finding !== undefined) {
      throw new Error(`seed ${finding.seed} fails`, { cause: finding.error });
    }
  });

  it('finds a parser that trusts a length', () => {
    const trusting = (data: Uint8Array): InfoRequest => {
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      const length = data.length < 4 ? 0 : view.getUint32(0);
      const exportName = new TextDecoder().decode(data.subarray(4, 4 + length));
      return { kind: 'info', exportName, wantsName: false, wantsBlockSize: false };
    };
    assert.ok(fuzz(300, SEED, { ...REAL_SUBJECT, parseInfo: trusting }) !== undefined);
  });

  it('finds a server that trusts an offset', () => {
    const finding = fuzz(300, SEED, {
      ...REAL_SUBJECT,
      present: (disk) => ({
        name: disk.name,
        sizeBytes: 2 ** 40,
        createRequest: (onDone) => disk.createRequest(onDone),
        start: (request) => disk.start(request),
        feed: (request) => disk.feed(request),
        abandon: (request) => disk.abandon(request),
        status: (offset, length, visit) => disk.status(offset, length, visit),
      }),
    });
    assert.ok(finding !== undefined);
  });
});
