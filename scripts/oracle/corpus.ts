/**
 * Pages to hold a prediction against: files, and whole processes that are started for it. A process
 * is stopped while its memory is read, and what was read goes to a private folder, because the
 * kernel must be given the very same pages.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { drawSample, type Sample } from '../../src/estimate/sample.ts';
import { openPaths } from '../../src/estimate/source/open.ts';
import type { PageSource } from '../../src/estimate/source/page-source.ts';
import { openProcess } from '../../src/estimate/source/process.ts';
import { PAGE_SIZE } from '../../src/std/units.ts';

/** Pages, and the file that has them back to back. */
export interface Corpus {
  readonly name: string;
  readonly file: string;
  readonly sample: Sample;
}

/** A program whose memory is like that of real ones of its kind. */
interface Subject {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Resident bytes from which on it has enough. */
  readonly residentBytes: number;
}

const NODE_PROGRAM = `
  const sessions = new Map();
  for (let id = 0; id < 120000; id++) {
    sessions.set('session:' + id, { id, user: 'user ' + (id * 7919) % 10007,
      tags: ['t' + id % 17, 'u' + id % 31], at: new Date(id * 1e6).toISOString(),
      x: Math.sin(id) });
  }
  globalThis.kept = [sessions, Buffer.alloc(4 << 20), require('crypto').randomBytes(2 << 20)];
  setInterval(() => {}, 1000);
`;

const PYTHON_PROGRAM = `
import json, os, random, time
random.seed(1)
words = ['w%d' % i * (1 + i % 3) for i in range(5000)]
kept = [json.loads(json.dumps({'id': i, 'name': random.choice(words) + str(i), 'v': random.random(),
        'tags': random.sample(words, 4)})) for i in range(60000)]
kept.append(os.urandom(2 << 20))
kept.append(bytearray(4 << 20))
kept[-1][0:4 << 20:4096] = bytes(1024)
time.sleep(600)
`;

const MIB = 1024 * 1024;

/** The processes that are started; those whose program is not here are left out, aloud. */
const SUBJECTS: readonly Subject[] = [
  {
    name: 'node',
    command: process.execPath,
    args: ['-e', NODE_PROGRAM],
    residentBytes: 90 * MIB,
  },
  { name: 'python3', command: 'python3', args: ['-c', PYTHON_PROGRAM], residentBytes: 70 * MIB },
];

const WAIT_MS = 30_000;
const STEP_MS = 100;

/** All pages of a file, in a file of their own. */
export function fileCorpus(path: string, folder: string): Corpus {
  return corpusOf(basename(path), openPaths([path], 'auto'), folder);
}

/** Starts each subject in turn, takes all of its pages, and ends it. */
export async function processCorpora(
  folder: string,
  tell: (line: string) => void,
): Promise<readonly Corpus[]> {
  const corpora: Corpus[] = [];
  for (const subject of SUBJECTS) {
    if (spawnSync(subject.command, ['--version']).status !== 0) {
      tell(`oracle: SKIPPED ${subject.name}: not installed here`);
      continue;
    }
    const child = spawn(subject.command, subject.args, { stdio: 'ignore' });
    try {
      const pid = await settled(child, subject);
      child.kill('SIGSTOP');
      corpora.push(corpusOf(`process of ${subject.name}`, openProcess(pid), folder));
    } finally {
      child.kill('SIGKILL');
    }
  }
  return corpora;
}

/** Waits until a subject has grown to its size and grows no more. */
async function settled(child: ChildProcess, subject: Subject): Promise<number> {
  const { pid } = child;
  if (pid === undefined) throw new Error(`${subject.name} did not start`);
  let before = 0;
  for (let waited = 0; waited < WAIT_MS; waited += STEP_MS) {
    await sleep(STEP_MS);
    const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    const bytes = Number(pages) * PAGE_SIZE;
    if (bytes >= subject.residentBytes && bytes === before) return pid;
    before = bytes;
  }
  throw new Error(`${subject.name} did not come to rest at its size`);
}

function corpusOf(name: string, source: PageSource, folder: string): Corpus {
  const sample = drawSample(source, { pages: source.pages });
  source.close();
  const file = join(folder, name.replaceAll(/\W+/g, '-'));
  writeFileSync(file, sample.bytes.subarray(0, sample.pages * PAGE_SIZE), { mode: 0o600 });
  return { name, file, sample };
}
