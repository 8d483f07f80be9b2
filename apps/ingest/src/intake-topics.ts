import { topics } from '@medrex/contracts';
import type { Entrance } from './metrics.ts';

/** Topics that hospital systems write to. */
export const intakeTopics = [topics.intake, topics.intakeUrgent] as const;
export type IntakeTopic = (typeof intakeTopics)[number];

/** The way in that a topic is, for metrics. */
export const intakeEntrance: Readonly<Record<IntakeTopic, Entrance>> = {
  [topics.intake]: 'intake',
  [topics.intakeUrgent]: 'urgent',
};
