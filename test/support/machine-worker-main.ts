/**
 * A worker thread that uses a machine of its parent: it does what each message says, through the
 * port that it was given, and answers with what came of it.
 */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { connectMachine } from '../../src/machine/port/client.ts';
import type { RemotePin, RemoteRegion } from '../../src/machine/port/api.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';
import { assertPages, mixedPage, noisePage, textPage } from './test-machine.ts';

export type WorkerJob =
  | { readonly do: 'work'; readonly pages: number; readonly order: number }
  | { readonly do: 'open'; readonly name: string; readonly pages: number }
  | { readonly do: 'hold'; readonly pages: number }
  | { readonly do: 'errors' }
  | { readonly do: 'abort' }
  | { readonly do: 'exit' };

const port = (workerData as { port: MessagePort }).port;
const client = connectMachine(port);

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    const { name, code } = error as { name: string; code?: string };
    return code ?? name;
  }
}

async function work(pages: number, order: number): Promise<string> {
  const region = await client.map({ bytes: pages * PAGE_SIZE, order });
  const bytes = Buffer.concat(Array.from({ length: pages }, (_, page) => mixedPage(page)));
  await region.write(0, bytes);
  const target = Buffer.alloc(bytes.length - 7);
  await region.read(3, target);
  if (!target.equals(bytes.subarray(3, -4))) throw new Error('other bytes');
  const copy = await region.copy({ name: 'copy' });
  const pin = await region.pin(2, { write: true });
  pin.bytes.set(textPage(2));
  await pin.release();
  await pin.release();
  await region.discard(PAGE_SIZE, PAGE_SIZE);
  await region.pageout(0, region.bytes);
  await region.prefetch(0, region.bytes);
  await assertPages(region, 1, 2, () => Buffer.alloc(PAGE_SIZE));
  await assertPages(region, 2, 3, textPage);
  await assertPages(region, 3, pages, mixedPage);
  await assertPages(copy, 0, pages, mixedPage);
  const { memory } = await client.stats();
  await region.unmap();
  await region.unmap();
  const after = await codeOf(region.read(0, target));
  await client.close();
  return `${memory.used > 0} ${after} ${await codeOf(client.stats())}`;
}

async function open(name: string, pages: number): Promise<string> {
  const region = await client.region(name);
  await assertPages(region, 0, pages, noisePage);
  await region.write(0, textPage(0));
  const unmapped = await codeOf(region.unmap());
  return `${unmapped} ${await codeOf(client.region('other'))}`;
}

/** Pins and reads and says so while they are under way. */
async function hold(pages: number): Promise<string> {
  const region = await client.map({ bytes: pages * PAGE_SIZE });
  const pins: RemotePin[] = [];
  for (let page = 0; page < 8; page += 1) pins.push(await region.pin(page, { write: true }));
  void fill(region, pages).catch(() => {});
  return `${pins.length} pins`;
}

async function fill(region: RemoteRegion, pages: number): Promise<void> {
  for (;;) await region.write(8 * PAGE_SIZE, Buffer.alloc((pages - 8) * PAGE_SIZE, 'x'));
}

async function errors(): Promise<string> {
  const region = await client.map({ bytes: 16 * PAGE_SIZE });
  const codes = [
    await codeOf(region.read(0, new Uint8Array(17 * PAGE_SIZE))),
    await codeOf(region.write(0, 'x' as never)),
    await codeOf(client.map({ bytes: 'many' })),
    await codeOf(client.map({ bytes: 1, order: 11 })),
  ];
  const pin = await region.pin(0);
  codes.push(await codeOf(region.unmap()), await codeOf(region.copy()));
  await pin.release();
  return codes.join(' ');
}

async function abort(): Promise<string> {
  const region = await client.map({ bytes: 1024 * PAGE_SIZE });
  const bytes = Buffer.alloc(1024 * PAGE_SIZE, 1);
  const controller = new AbortController();
  const writing = region.write(0, bytes, { signal: controller.signal });
  const reason = new RangeError('enough');
  setTimeout(() => controller.abort(reason), 1);
  const code = await codeOf(writing);
  const early = await codeOf(region.read(0, bytes, { signal: AbortSignal.abort(reason) }));
  await region.write(0, bytes);
  await region.read(0, bytes);
  const lost = new Uint8Array(1024 * PAGE_SIZE);
  const losing = codeOf(region.write(0, lost));
  structuredClone(lost.buffer, { transfer: [lost.buffer] });
  return `${code} ${early} ${await losing}`;
}

function run(job: WorkerJob): Promise<string> {
  switch (job.do) {
    case 'work':
      return work(job.pages, job.order);
    case 'open':
      return open(job.name, job.pages);
    case 'hold':
      return hold(job.pages);
    case 'errors':
      return errors();
    case 'abort':
      return abort();
    case 'exit':
      return process.exit(0);
  }
}

parentPort?.on('message', (job: WorkerJob) => {
  run(job).then(
    (answer) => parentPort?.postMessage(answer),
    (error: unknown) => parentPort?.postMessage(`failed: ${String((error as Error).stack)}`),
  );
});
