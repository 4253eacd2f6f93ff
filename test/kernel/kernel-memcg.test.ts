/**
 * `memory.zswap.*` as Linux has it: the same steps were taken with memory groups of a real kernel
 * (`test/e2e/kernel-memcg.test.ts` takes them again and says how they were recorded) and are taken
 * here with the engine's.
 */
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { assertAlike, RELATIONS } from '../support/memcg-relations.ts';
import { readRecording, STEPS_FILE, takeSteps } from '../support/memcg-steps.ts';

describe('memory groups beside those of a Linux kernel', () => {
  const kernel = readRecording();
  const engine = takeSteps(readFileSync(STEPS_FILE, 'utf8'));

  it(`store, read, refuse and write back as ${kernel.release} does`, () => {
    assertAlike(kernel.figures, engine);
  });

  for (const [sentence, relation] of Object.entries(RELATIONS)) {
    it(`there: ${sentence}`, () => relation(kernel.figures));
    it(`here: ${sentence}`, () => relation(engine));
  }
});
