/**
 * A schedule as one short string: the choices of an execution in order, each as a varint (seven
 * bits a byte, lowest first), the bytes in base32 without padding. It means something only for the
 * scenario and the build that it was taken from.
 */

/** Choices of one execution: the index of each task that went on, and each number drawn. */
export type Schedule = readonly number[];

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

export function formatSchedule(schedule: Schedule): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytesOf(schedule)) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >>> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31];
}

/** @throws RangeError for text that no schedule is written as */
export function parseSchedule(text: string): Schedule {
  const choices: number[] = [];
  let bits = 0;
  let held = 0;
  let value = 0;
  let scale = 1;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) throw new RangeError(`'${character}' is not part of a replay string`);
    held = (held << 5) | digit;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    const byte = (held >>> bits) & 0xff;
    held &= (1 << bits) - 1;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte >= 0x80) continue;
    if (value > 0xffff_ffff) throw new RangeError('a replay string holds 32-bit numbers');
    choices.push(value);
    value = 0;
    scale = 1;
  }
  if (scale !== 1 || held !== 0) throw new RangeError('the replay string has been cut');
  return choices;
}

function* bytesOf(schedule: Schedule): Generator<number> {
  for (const choice of schedule) {
    let rest = choice;
    while (rest >= 0x80) {
      yield (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    yield rest;
  }
}
