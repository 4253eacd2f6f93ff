/**
 * The daemon's log: one line an event on stderr. Under the systemd journal each line is a JSON
 * object behind the priority prefix that the journal understands (sd-daemon(3)); elsewhere it is
 * plain text.
 */
import { fstatSync, writeSync } from 'node:fs';
import type { Environment } from './environment.ts';

/** Levels with their syslog priority (RFC 5424, section 6.2.1) and their number in JSON lines. */
const LEVELS = {
  error: { priority: 3, number: 50 },
  warn: { priority: 4, number: 40 },
  info: { priority: 6, number: 30 },
} as const;

export type LogLevel = keyof typeof LEVELS;

/** Writes events. Never throws: a daemon does not end because nobody reads its log. */
export interface Log {
  readonly error: (message: string) => void;
  readonly warn: (message: string) => void;
  readonly info: (message: string) => void;
}

/** Whether stderr is the journal's stream: `JOURNAL_STREAM` is its device and inode number. */
export function isJournal(environment: Environment, fd = 2): boolean {
  const stream = environment['JOURNAL_STREAM'];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** The text of one event without its line end. */
export function formatLogLine(
  level: LogLevel,
  message: string,
  journal: boolean,
  time: number,
): string {
  const line = message.replaceAll(/\s*\n\s*/g, ' ');
  if (!journal) return level === 'info' ? `zswapd: ${line}` : `zswapd: ${level}: ${line}`;
  const { priority, number } = LEVELS[level];
  return `<${priority}>${JSON.stringify({ level: number, time, msg: line })}`;
}

/** The log on stderr. Written synchronously, so the last line before an exit is not lost. */
export function stderrLog(environment: Environment): Log {
  const journal = isJournal(environment);
  const write = (level: LogLevel) => (message: string) => {
    try {
      writeSync(2, `${formatLogLine(level, message, journal, Date.now())}\n`);
    } catch {
      // A full or closed stderr loses the line and nothing else.
    }
  };
  return { error: write('error'), warn: write('warn'), info: write('info') };
}
