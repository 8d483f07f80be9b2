import { topics } from '@medrex/contracts';
import type { Transport } from './metrics.ts';

/** The topics that hospital systems write to. */
export const intakeTopics = [topics.intake, topics.intakeUrgent] as const;
export type IntakeTopic = (typeof intakeTopics)[number];

/** The metric label of each intake topic. */
export const intakeTransport: Readonly<Record<IntakeTopic, Transport>> = {
  [topics.intake]: 'intake',
  [topics.intakeUrgent]: 'urgent',
};
