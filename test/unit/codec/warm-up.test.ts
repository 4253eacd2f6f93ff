import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Codec, CodecLane } from '../../../src/codec/codec.ts';
import { openCodec } from '../../../src/codec/registry.ts';
import { WARM_UP_MS, WARM_UP_PAGES, openWarmCodec, warmUp } from '../../../src/codec/warm-up.ts';
import { NodeRt } from '../../../src/rt/rt-node.ts';
import { SLICE_MS } from '../../../src/rt/pace.ts';

/** A clock that moves only when a page is compressed; it knows the longest run without a turn. */
class PageClock extends NodeRt {
  now = 0;
  begun = 0;
  longestMs = 0;
  turns = 0;

  override nowMs(): number {
    return this.now;
  }

  override yieldTask(task: Parameters<NodeRt['yieldTask']>[0]): void {
    this.turns += 1;
    this.longestMs = Math.max(this.longestMs, this.now - this.begun);
    this.begun = this.now;
    super.yieldTask(task);
  }
}

/** A codec that counts what it is given, each page taking so long. */
async function counted(rt: PageClock, pageMs: number): Promise<{ codec: Codec; seen: number[] }> {
  const inner = await openCodec('lz4');
  const seen: number[] = [];
  const createLane = (): CodecLane => {
    const lane = inner.createLane();
    return {
      window: lane.window,
      compress: (page) => {
        rt.now += pageMs;
        const length = lane.compress(page);
        seen.push(length);
        return length;
      },
      decompress: (length, target, offset) => lane.decompress(length, target, offset),
    };
  };
  return { codec: { ...inner, createLane }, seen };
}

describe('warm-up', () => {
  it('runs pages of several kinds through the codec, and lets others have their turn', async () => {
    const rt = new PageClock();
    const { codec, seen } = await counted(rt, 0.01);
    await warmUp(codec, rt);
    assert.equal(seen.length, WARM_UP_PAGES);
    assert.ok(new Set(seen).size > 4, `lengths ${seen.join()}`);
    assert.ok(rt.turns > 1 && rt.longestMs <= 2 * SLICE_MS, `${rt.turns}, ${rt.longestMs} ms`);
  });

  it('ends after its time with a codec that is slow', async () => {
    const rt = new PageClock();
    const { codec, seen } = await counted(rt, 5);
    await warmUp(codec, rt);
    assert.equal(seen.length, Math.ceil(WARM_UP_MS / 5));
  });

  it('fails where the codec does', async () => {
    const { codec } = await counted(new PageClock(), 0);
    const broken = { ...codec, createLane: () => ({ ...codec.createLane(), compress: fail }) };
    await assert.rejects(warmUp(broken, new NodeRt()), { message: 'no memory' });
  });

  it('opens a compressor that works', async () => {
    const lane = (await openWarmCodec('lzo-rle', new NodeRt())).createLane();
    assert.ok(lane.compress(new Uint8Array(4096)) > 0);
  });
});

function fail(): never {
  throw new Error('no memory');
}
