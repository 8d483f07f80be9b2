import type { IntakeContract } from '@medrex/contracts';
import { threadId } from 'node:worker_threads';

/** Translates any message, and puts the thread id into the facts: 0 is the main thread. */
export const threadReportingIntake: IntakeContract = {
  name: 'thread-telling',
  translate: () => ({
    operations: [{ item: 0, class: 'audit', templateVersion: 1, keys: [], facts: { thread: threadId }, bodies: [] }],
    refusals: [],
  }),
};
