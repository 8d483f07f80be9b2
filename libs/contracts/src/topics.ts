/** Topic names. The table with retention, key and schema of each is `topicTable`. */
export const topics = {
  intake: 'medrex.ehr.intake.v1',
  intakeUrgent: 'medrex.ehr.intake.urgent.v1',
  intakeDlq: 'medrex.ehr.intake.v1.dlq',
  intakeUrgentDlq: 'medrex.ehr.intake.urgent.v1.dlq',
  receipts: 'medrex.ehr.receipts.v1',
  operations: 'medrex.operations.v1',
  analyzed: 'medrex.analyzed.v1',
  outcomes: 'medrex.outcomes.v1',
  deadLetters: 'medrex.dead-letters.v1',
  progress: 'medrex.progress.v1',
  blocks: 'medrex.blocks.v1',
} as const;

export type Topic = (typeof topics)[keyof typeof topics];
