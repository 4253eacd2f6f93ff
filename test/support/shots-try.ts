// scratch
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Chromium } from './chromium.ts';
import { DiskClient } from './disk-client.ts';
import { runProgram } from './run-program.ts';
import { samplePages, generateNoise } from './sample-pages.ts';
const folder = mkdtempSync('/tmp/wt/dash-shots/run-');
const daemon = runProgram('src/cli/main.js', ['serve', '--unix', 'nbd.sock', '--http=127.0.0.1:0', '--spill', 'spill', '--pool-size', '24M',
 '--export=web-frontend:96M', '--export=database:96M,zswap.max=6M', '--export=batch:64M,zswap.writeback=0'], { cwd: folder });
await daemon.firstLine;
const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(await daemon.errContaining('http://'))?.[0] ?? '';
console.log(url, folder);
const { bytes } = samplePages();
const noise = generateNoise(256);
const clients = await Promise.all(['web-frontend', 'database', 'batch'].map((n) => DiskClient.open(join(folder, 'nbd.sock'), n)));
let stop = false;
const until = Number(process.argv[2] ?? 20);
const load = (async () => {
  let i = 0; const N = bytes.length / 4096;
  while (!stop) {
    for (const [c, client] of clients.entries()) {
      const src = (i * 16 + c * 777) % (N - 16);
      const at = (i * (c + 1) * 7) % 1000;
      if (c === 1 && i % 50 === 0) await client.write(at * 65536, noise.subarray(0, 65536));
      else await client.write(at * 65536, bytes.subarray(src * 4096, src * 4096 + 65536));
      if (i % 2 === 0) await client.read(((i * 13) % 1000) * 65536, 4096 * (1 + (i % 8)));
    }
    i++;
    await delay(3 + 6 * Math.abs(Math.sin(i / 900)));
  }
})().catch((e) => console.log('load', e));
const browser = await Chromium.start(join(folder, 'profile'));
const page = await browser.open(url, { width: 1280, height: 900, scheme: 'light' });
await delay(until * 1000);
for (const width of [1280, 360]) for (const scheme of ['light', 'dark'] as const) {
  await page.show({ width, height: 900, scheme });
  await delay(1500);
  writeFileSync(`/tmp/wt/dash-shots/${width}-${scheme}.png`, await page.screenshot());
  console.log(width, scheme, await page.evaluate('document.documentElement.scrollWidth'));
}
console.log(page.complaints);
stop = true;
await load;
await browser.close();
for (const c of clients) await c.vanish();
daemon.process.kill('SIGTERM');
console.log((await daemon.finished).status);
