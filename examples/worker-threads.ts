// One machine, used by several threads: each has a region of its own, and one is shared.
import { Worker, isMainThread, workerData, type MessagePort } from 'node:worker_threads';
import { connectMachine, openMachine } from 'zswapd';

async function owner(): Promise<void> {
  const machine = await openMachine({ memory: '4MiB', pool: { limit: '16MiB' } });
  const results = machine.map({ bytes: '1MiB', name: 'results' });
  const workers = [0, 1].map((number) => {
    const { port1, port2 } = new MessageChannel();
    machine.serve(port1, { regions: [results] });
    const data = { number, port: port2 };
    return new Worker(new URL(import.meta.url), { workerData: data, transferList: [port2] });
  });
  await Promise.all(workers.map((worker) => new Promise((done) => worker.once('exit', done))));
  const sums = Buffer.alloc(16);
  await results.read(0, sums);
  console.log('sums', sums.readDoubleLE(0), sums.readDoubleLE(8));
  await machine.close();
}

async function worker({ number, port }: { number: number; port: MessagePort }): Promise<void> {
  const machine = connectMachine(port);
  const region = await machine.map({ bytes: '8MiB' });
  const numbers = new Float64Array(2 ** 20).map((_, i) => i * (number + 1));
  const bytes = new Uint8Array(numbers.buffer);
  await region.write(0, bytes);
  bytes.fill(0);
  await region.read(0, bytes);
  const results = await machine.region('results');
  const sum = Float64Array.of(numbers.reduce((left, right) => left + right));
  await results.write(number * 8, new Uint8Array(sum.buffer));
  // What the thread holds ends with it in any case; this ends it in order.
  await machine.close();
}

if (isMainThread) await owner();
else await worker(workerData as { number: number; port: MessagePort });
