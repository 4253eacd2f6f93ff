/**
 * A process that serves one export on the listening socket it was started with (descriptor 3),
 * until its standard input ends. Prints a line when it accepts.
 */
import { createNbdServer } from '../../src/nbd/index.ts';
import { RamDisk } from '../../src/testing/ram-disk.ts';
import { ManualClockRt } from './manual-clock-rt.ts';

const disk = new RamDisk('swap', 1024 * 1024);
const server = createNbdServer({ exports: () => [disk], rt: new ManualClockRt() });
await server.listenFd(3);
process.stdout.write('ready\n');
process.stdin.on('end', () => void server.close());
process.stdin.resume();
