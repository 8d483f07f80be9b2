import { operationClasses, topics } from '@medrex/contracts';
import { authorRejects, type AuthorReject } from '@medrex/execute-batch';
import { defineMetrics } from '@medrex/telemetry';
import { ingestErrors } from './errors.ts';
import { fhirRefusalCodes } from './fhir/refusal-codes.ts';

/** Ways in. */
export const entrances = ['transactions', 'calls', 'batches', 'fhir', 'intake', 'urgent'] as const;
export type Entrance = (typeof entrances)[number];

/** Label value of a refusal whose code a contract made up for itself. */
export const otherCode = 'OTHER';
export const refusalCodes: readonly string[] = [
  ...new Set([...Object.keys(ingestErrors), ...fhirRefusalCodes, otherCode]),
];

/** What the ledger made of the author of an operation. */
export const authorVerdicts = ['signed', 'attested', ...(Object.keys(authorRejects) as AuthorReject[])] as const;
export type AuthorVerdict = (typeof authorVerdicts)[number];

const byClass = { class: operationClasses } as const;

/** Everything that ingest counts and measures. */
export const ingestMetrics = defineMetrics({
  messages: {
    name: 'medrex_ingest_messages_total',
    kind: 'counter',
    help: 'Messages received, by the way they came in: a line of a batch and a record of an intake topic count as one each.',
    labels: { entrance: entrances },
  },
  bytes: {
    name: 'medrex_ingest_bytes_total',
    kind: 'counter',
    help: 'Bytes of messages received, by the way they came in.',
    labels: { entrance: entrances },
  },
  accepted: {
    name: 'medrex_ingest_operations_accepted_total',
    kind: 'counter',
    help: 'Operations that are durable in the operations log, by class.',
    labels: byClass,
  },
  repeated: {
    name: 'medrex_ingest_operations_repeated_total',
    kind: 'counter',
    help: 'Operations that came again and got their first receipt.',
  },
  refused: {
    name: 'medrex_ingest_refused_total',
    kind: 'counter',
    help: 'Messages and items that were not taken, by code; docs/errors.md says what each means.',
    labels: { code: refusalCodes },
  },
  appendSeconds: {
    name: 'medrex_ingest_append_seconds',
    kind: 'histogram',
    help: 'Time of one append to the operations log, until it is durable.',
  },
  appendedBytes: {
    name: 'medrex_ingest_appended_bytes_total',
    kind: 'counter',
    help: 'Bytes appended to the operations log.',
  },
  appendFailures: {
    name: 'medrex_ingest_append_failures_total',
    kind: 'counter',
    help: 'Appends to the operations log that failed; the same records are sent again before anything else.',
  },
  halted: {
    name: 'medrex_ingest_halted',
    kind: 'gauge',
    help: '1 when the operations log was found to be made anew: nothing is taken any more.',
  },
  queued: {
    name: 'medrex_ingest_append_queue_operations',
    kind: 'gauge',
    help: 'Operations that wait to be appended. Grows when the log is slower than the senders.',
  },
  deadLetters: {
    name: 'medrex_ingest_dead_letters',
    kind: 'gauge',
    help: 'Operations that ended dead and are kept to be sent again.',
  },
  refusedMessages: {
    name: 'medrex_ingest_refused_messages',
    kind: 'gauge',
    help: 'Messages of the intake topics that were refused, wholly or in part, and are kept to be sent again.',
  },
  live: {
    name: 'medrex_ingest_live_operations',
    kind: 'gauge',
    help: 'Operations accepted and not terminal. At the limit of a class that class is shed.',
  },
  liveLimit: {
    name: 'medrex_ingest_live_limit_operations',
    kind: 'gauge',
    help: 'Live operations below which one more of the class is taken.',
    labels: byClass,
  },
  waitingForRoom: {
    name: 'medrex_ingest_waiting_for_room',
    kind: 'gauge',
    help: 'Intake partitions that stand still, and requests that wait, because there is no room for their class. The lowest class comes first.',
    labels: byClass,
  },
  outcomes: {
    name: 'medrex_ingest_outcomes_total',
    kind: 'counter',
    help: 'Outcomes projected into the status store.',
    labels: { status: ['applied', 'rejected', 'dead'] },
  },
  authors: {
    name: 'medrex_ingest_author_verdicts_total',
    kind: 'counter',
    help: 'Outcomes by what the ledger made of the author. signed: the signature was right; attested: none was asked for; the rest are rejections.',
    labels: { verdict: authorVerdicts },
  },
  outcomeSeconds: {
    name: 'medrex_ingest_outcome_seconds',
    kind: 'histogram',
    help: 'From acceptance to the outcome on the ledger, of operations accepted by this process and still in its memory.',
  },
  waitingRequests: {
    name: 'medrex_ingest_waiting_operations',
    kind: 'gauge',
    help: 'Operations whose outcome an open request waits for.',
  },
  listeners: { name: 'medrex_ingest_listeners', kind: 'gauge', help: 'Open streams of outcomes.' },
  unnoted: {
    name: 'medrex_ingest_status_rows_waiting',
    kind: 'gauge',
    help: 'Accepted operations that the status store has not been told of yet.',
  },
  statusFailures: {
    name: 'medrex_ingest_status_store_failures_total',
    kind: 'counter',
    help: 'Calls of the status store that failed. Acceptance goes on; repeats are then recognised on the ledger.',
  },
  pruned: {
    name: 'medrex_ingest_records_pruned_total',
    kind: 'counter',
    help: 'Operation records behind the dedupe window that a prune named, by what became of them; the own day of a message dated in the future keeps its record.',
    labels: { result: ['deleted', 'kept'] },
  },
  pruneFailures: {
    name: 'medrex_ingest_prune_failures_total',
    kind: 'counter',
    help: 'Passes over old operation records that failed; the next one goes on there. Growing: the ledger keeps records for longer than it has to.',
  },
  readFailures: {
    name: 'medrex_ingest_read_failures_total',
    kind: 'counter',
    help: 'Runs of outcomes, progress or intake that failed and are tried again.',
  },
  intakeRetries: {
    name: 'medrex_ingest_intake_retries_total',
    kind: 'counter',
    help: 'Times that an intake partition waited because the vault or the log did not take a message.',
    labels: { topic: [topics.intake, topics.intakeUrgent] },
  },
  intakeLag: {
    name: 'medrex_ingest_intake_lag_records',
    kind: 'gauge',
    help: 'Records behind the run of an intake topic that was read last. Grows while senders are faster, or while a class is held back.',
    labels: { topic: [topics.intake, topics.intakeUrgent] },
  },
  patientLookups: {
    name: 'medrex_ingest_vault_lookups_total',
    kind: 'counter',
    help: 'Lookups of patients that went to the vault.',
  },
  patientHits: {
    name: 'medrex_ingest_vault_cache_hits_total',
    kind: 'counter',
    help: 'Lookups of patients answered from memory, within the lease of their keys.',
  },
});
