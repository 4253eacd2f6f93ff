// Goal: real NBD clients, written by others, find the server as the protocol promises it.
// Method: each client moves data in and out, or checks patterns of its own, against one daemon.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startDaemon, type Daemon } from '../support/daemon.ts';
import { projectFile, scratchFolder } from '../support/project.ts';
import { itNeeds } from '../support/require.ts';
import { run, runOk, toolPath } from '../support/run.ts';
import { generateMemory } from '../support/sample-pages.ts';

const EXPORT_BYTES = 32 * 1024 * 1024;
const PYTHON = '/usr/bin/python3';

interface FioOutput {
  readonly jobs: readonly {
    readonly error: number;
    readonly read: { readonly total_ios: number };
    readonly write: { readonly total_ios: number };
  }[];
}

for (const shards of [1, 2])
  describe(`real clients, ${shards} shard${shards > 1 ? 's' : ''}`, () => {
    const folder = scratchFolder(after);
    const image = join(folder, 'image');
    const copy = join(folder, 'copy');
    let daemon: Daemon;

    before(async () => {
      writeImage(1);
      const args = [`--shards=${shards}`];
      daemon = await startDaemon({ folder, exports: ['vm:32M', 'other:32M'], tcp: true, args });
    });
    after(async () => {
      await daemon.stop();
    });

    const writeImage = (seed: number): void =>
      writeFileSync(image, generateMemory(EXPORT_BYTES / 4096, seed));
    const assertSameFiles = (): void => {
      assert.ok(readFileSync(image).equals(readFileSync(copy)), 'the bytes differ');
    };

    describe('nbdinfo', () => {
      itNeeds(['nbdinfo'], 'shows the size and what the export can do', async () => {
        const text = await runOk('nbdinfo', ['--json', daemon.uri()]);
        const info = JSON.parse(text) as { exports: Record<string, unknown>[] };
        const shown = info.exports[0] ?? {};
        assert.equal(shown['export-size'], EXPORT_BYTES);
        assert.equal(shown['is_read_only'], false);
        for (const ability of ['can_flush', 'can_fua', 'can_trim', 'can_zero', 'can_multi_conn']) {
          assert.equal(shown[ability], true, ability);
        }
      });

      itNeeds(['nbdinfo', 'zswapd'], 'lists every export by name', async () => {
        const text = await runOk('nbdinfo', ['--list', '--json', daemon.uri()]);
        const info = JSON.parse(text) as { exports: Record<string, unknown>[] };
        const names = info.exports.map((shown) => shown['export-name']);
        assert.deepEqual(names, ['vm', 'other']);
      });

      itNeeds(
        ['nbdinfo', 'nbdcopy'],
        'maps what was written as data and the rest as a hole',
        async () => {
          await runOk('nbdcopy', [image, daemon.uri()]);
          await runOk('qemu-io', ['-f', 'raw', '-c', 'discard 16M 16M', daemon.uri()]);
          const text = await runOk('nbdinfo', ['--map', '--json', daemon.uri()]);
          const extents = JSON.parse(text) as { offset: number; length: number; type: number }[];
          const last = extents.at(-1);
          assert.equal(
            extents.reduce((sum, extent) => sum + extent.length, 0),
            EXPORT_BYTES,
          );
          assert.equal(extents[0]?.type, 0);
          assert.ok(last !== undefined && last.offset <= EXPORT_BYTES / 2, text);
          assert.equal(last.type & 3, 3, text);
        },
      );
    });

    describe('nbdcopy', () => {
      let seed = 1;
      for (const transport of ['Unix', 'TCP']) {
        for (const options of [[], ['--connections=4', '--requests=64']]) {
          const how = options.length === 0 ? 'one connection' : 'four connections';
          itNeeds(['nbdcopy'], `copies in and out over ${transport}, ${how}`, async () => {
            const uri = transport === 'Unix' ? daemon.uri() : daemon.tcpUri();
            writeImage(++seed);
            await runOk('nbdcopy', [...options, image, uri]);
            await runOk('nbdcopy', [...options, uri, copy]);
            assertSameFiles();
          });
        }
      }
    });

    for (const transport of ['Unix', 'TCP']) {
      const uri = (): string => (transport === 'Unix' ? daemon.uri() : daemon.tcpUri());

      describe(`qemu-img over ${transport}`, () => {
        itNeeds(['qemu-img'], 'converts onto the export and finds it identical', async () => {
          const raw = ['-f', 'raw'];
          await runOk('qemu-img', ['convert', '-n', ...raw, '-O', 'raw', image, uri()]);
          const text = await runOk('qemu-img', ['compare', ...raw, '-F', 'raw', image, uri()]);
          assert.match(text, /Images are identical/);
        });

        itNeeds(['qemu-img'], 'maps the export without a gap', async () => {
          const args = ['map', '-f', 'raw', '--output=json', uri()];
          const extents = JSON.parse(await runOk('qemu-img', args)) as { length: number }[];
          assert.equal(
            extents.reduce((sum, extent) => sum + extent.length, 0),
            EXPORT_BYTES,
          );
        });
      });

      describe(`qemu-io over ${transport}`, () => {
        const io = async (...commands: readonly string[]): Promise<void> => {
          const args = commands.flatMap((command) => ['-c', command]);
          const text = await runOk('qemu-io', ['-f', 'raw', ...args, uri()]);
          assert.doesNotMatch(text, /failed|error/i, text);
        };

        itNeeds(['qemu-io'], 'reads patterns back, aligned and not', () =>
          io(
            'write -P 0xa1 0 1M',
            'write -P 0xa2 4096 4096',
            'write -P 0xa3 10000 5000',
            'read -P 0xa1 0 4096',
            'read -P 0xa2 4096 4096',
            'read -P 0xa1 8192 1808',
            'read -P 0xa3 10000 5000',
            'read -P 0xa1 15000 1033576',
          ),
        );

        itNeeds(['qemu-io'], 'reads zeros after a discard and after write zeroes', () =>
          io(
            'write -P 0xb1 2M 4M',
            'discard 3M 1M',
            'write -z 4M 4096',
            'write -z -u 4198400 4096',
            'write -z 5000000 3000',
            'read -P 0xb1 2M 1M',
            'read -P 0 3M 1M',
            'read -P 0 4M 8192',
            'read -P 0xb1 4202496 797504',
            'read -P 0 5000000 3000',
            'read -P 0xb1 5003000 4096',
          ),
        );

        itNeeds(['qemu-io'], 'has forced writes and flushes done in order', () =>
          io(
            'write -f -P 0xc1 8M 64k',
            'aio_write -P 0xc2 9M 64k',
            'aio_write -P 0xc3 10M 64k',
            'aio_flush',
            'flush',
            'read -P 0xc1 8M 64k',
            'read -P 0xc2 9M 64k',
            'read -P 0xc3 10M 64k',
          ),
        );
      });

      describe(`fio over ${transport}`, () => {
        const fio = async (options: string): Promise<void> => {
          const fixed = `--name=verify --ioengine=nbd --uri=${uri()} --thread --size=16M`;
          const verify =
            '--verify=crc32c --verify_fatal=1 --do_verify=1 --verify_state_save=0 --randseed=7';
          const args = `${fixed} ${verify} ${options} --output-format=json`.split(' ');
          const text = await runOk('fio', args);
          const { jobs } = JSON.parse(text.slice(text.indexOf('{'))) as FioOutput;
          for (const job of jobs) {
            assert.equal(job.error, 0, text);
            assert.ok(job.write.total_ios > 0 && job.read.total_ios > 0, text);
          }
        };

        itNeeds(['fio'], 'verifies random mixed blocks, depth 16 on two connections', async () => {
          const two = '--numjobs=2 --offset_increment=16M --iodepth=16';
          await fio(`--rw=randrw --bsrange=4k-128k --refill_buffers ${two}`);
        });

        // fio sends a block's trim and write without waiting in between, so the depth must be 1.
        itNeeds(['fio'], 'verifies 4 KiB writes after trims', async () => {
          await fio('--rw=randtrimwrite --bs=4k --buffer_compress_percentage=60 --iodepth=1');
        });
      });

      describe(`libnbd against a model over ${transport}`, () => {
        for (const replies of ['structured', 'simple']) {
          itNeeds(
            ['python3-libnbd'],
            `agrees on every byte and error, ${replies} replies`,
            async () => {
              const script = projectFile('test/e2e/model.py');
              const text = await runOk(PYTHON, [script, uri(), replies, '11', '1500']);
              assert.match(text, /MODEL PASS/);
            },
          );
        }
      });
    }

    describe('nbdkit', () => {
      const front = async (
        uri: string,
        filters: readonly string[],
        script: string,
      ): Promise<void> => {
        const args = ['-U', '-', '--exit-with-parent', ...filters, 'nbd', `uri=${uri}`];
        await runOk('nbdkit', [...args, '--run', script]);
      };

      itNeeds(['nbdkit', 'nbdcopy'], 'finds as a proxy what was written before', async () => {
        writeImage(31);
        await runOk('nbdcopy', [image, daemon.uri()]);
        // The filter refuses a write that differs from what is there.
        await front(daemon.uri(), ['--filter=checkwrite'], `nbdcopy '${image}' "$uri"`);
      });

      itNeeds(
        ['nbdkit', 'nbdcopy'],
        'splits requests and retries as a proxy over TCP',
        async () => {
          writeImage(32);
          const filters = ['--filter=blocksize', '--filter=retry'];
          await front(
            daemon.tcpUri(),
            filters,
            `nbdcopy '${image}' "$uri" && nbdcopy "$uri" '${copy}'`,
          );
          assertSameFiles();
        },
      );
    });

    describe('nbdfuse', () => {
      itNeeds(['nbdfuse', 'fuse', 'mke2fs', 'debugfs'], 'holds a clean file system', async (t) => {
        const mount = join(folder, 'mount');
        const disk = join(mount, 'disk');
        mkdirSync(mount);
        const child = spawn('nbdfuse', [disk, daemon.uri()], {
          env: { ...process.env, PATH: toolPath },
          stdio: 'ignore',
        });
        const ended = once(child, 'exit');
        t.after(async () => {
          await run('fusermount3', ['-u', mount]);
          await ended;
        });
        for (let tries = 0; !existsSync(disk) && tries < 500; tries++) await delay(10);
        const small = join(folder, 'small');
        writeFileSync(small, generateMemory(2000, 3));
        await runOk('mke2fs', ['-q', '-F', '-t', 'ext4', disk]);
        await runOk('debugfs', ['-w', '-R', `write ${small} kept`, disk]);
        await runOk('e2fsck', ['-f', '-n', disk]);
        await runOk('debugfs', ['-R', `dump kept ${copy}`, disk]);
        assert.ok(readFileSync(small).equals(readFileSync(copy)), 'the bytes differ');
      });
    });
  });
