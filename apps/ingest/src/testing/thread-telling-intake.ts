import type { IntakeContract } from '@medrex/contracts';
import { threadId } from 'node:worker_threads';

/** Makes an operation of anything, and tells in its facts on which thread: 0 is the main one. */
export const threadTellingIntake: IntakeContract = {
  name: 'thread-telling',
  translate: () => ({
    operations: [{ item: 0, class: 'audit', templateVersion: 1, keys: [], facts: { thread: threadId }, bodies: [] }],
    refusals: [],
  }),
};
