import { operationClasses, topics } from '@medrex/contracts';
import { authorRejects, type AuthorReject } from '@medrex/execute-batch';
import { defineMetrics } from '@medrex/telemetry';
import { ingestErrors } from './errors.ts';
import { fhirRefusalCodes } from './fhir/refusal-codes.ts';

/** The transports by which messages arrive. */
export const transports = ['transactions', 'calls', 'batches', 'fhir', 'intake', 'urgent'] as const;
export type Transport = (typeof transports)[number];

/** Label value of refusals with a contract's own code. */
export const otherCode = 'OTHER';
export const refusalCodes: readonly string[] = [
  ...new Set([...Object.keys(ingestErrors), ...fhirRefusalCodes, otherCode]),
];

/** Results of checking the author of an operation on the ledger. */
export const authorVerdicts = ['signed', 'attested', ...(Object.keys(authorRejects) as AuthorReject[])] as const;
export type AuthorVerdict = (typeof authorVerdicts)[number];

const byClass = { class: operationClasses } as const;

/** The metrics of ingest. */
export const ingestMetrics = defineMetrics({
  messages: {
    name: 'medrex_ingest_messages_total',
    kind: 'counter',
    help: 'Messages received, by transport: each line of a batch and each record of an intake topic counts as one.',
    labels: { entrance: transports },
  },
  bytes: {
    name: 'medrex_ingest_bytes_total',
    kind: 'counter',
    help: 'Bytes of messages received, by transport.',
    labels: { entrance: transports },
  },
  accepted: {
    name: 'medrex_ingest_operations_accepted_total',
    kind: 'counter',
    help: 'Operations accepted, i.e. durable in the operations log, by class.',
    labels: byClass,
  },
  repeated: {
    name: 'medrex_ingest_operations_repeated_total',
    kind: 'counter',
    help: 'Repeated operations, which were answered with their first receipt.',
  },
  refused: {
    name: 'medrex_ingest_refused_total',
    kind: 'counter',
    help: 'Refused messages and items, by code; docs/errors.md explains each.',
    labels: { code: refusalCodes },
  },
  appendSeconds: {
    name: 'medrex_ingest_append_seconds',
    kind: 'histogram',
    help: 'Time of an append to the operations log, until it is durable.',
  },
  appendedBytes: {
    name: 'medrex_ingest_appended_bytes_total',
    kind: 'counter',
    help: 'Bytes appended to the operations log.',
  },
  appendFailures: {
    name: 'medrex_ingest_append_failures_total',
    kind: 'counter',
    help: 'Failed appends to the operations log; the same records are retried before anything else.',
  },
  halted: {
    name: 'medrex_ingest_halted',
    kind: 'gauge',
    help: '1 when the operations log was found to be recreated: no message is accepted any more.',
  },
  queued: {
    name: 'medrex_ingest_append_queue_operations',
    kind: 'gauge',
    help: 'Operations waiting to be appended. Growing: the log is slower than the senders.',
  },
  deadLetters: {
    name: 'medrex_ingest_dead_letters',
    kind: 'gauge',
    help: 'Dead operations kept for resending.',
  },
  refusedMessages: {
    name: 'medrex_ingest_refused_messages',
    kind: 'gauge',
    help: 'Messages of the intake topics that were refused wholly or in part, kept for resending.',
  },
  live: {
    name: 'medrex_ingest_live_operations',
    kind: 'gauge',
    help: 'Live operations: accepted and not terminal. At the limit of a class, that class is shed.',
  },
  liveLimit: {
    name: 'medrex_ingest_live_limit_operations',
    kind: 'gauge',
    help: 'Live operations below which operations of the class are accepted.',
    labels: byClass,
  },
  waitingForRoom: {
    name: 'medrex_ingest_waiting_for_room',
    kind: 'gauge',
    help: 'Paused intake partitions and waiting requests, for lack of room for their class. The lowest class comes first.',
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
    help: 'Outcomes by result of the author check. signed: the signature was valid; attested: no signature was required; the others are rejections.',
    labels: { verdict: authorVerdicts },
  },
  outcomeSeconds: {
    name: 'medrex_ingest_outcome_seconds',
    kind: 'histogram',
    help: 'Time from acceptance to the outcome on the ledger, of operations accepted by this process and still in its memory.',
  },
  waitingRequests: {
    name: 'medrex_ingest_waiting_operations',
    kind: 'gauge',
    help: 'Operations for whose outcome a request is waiting.',
  },
  listeners: { name: 'medrex_ingest_listeners', kind: 'gauge', help: 'Open streams of outcomes.' },
  unnoted: {
    name: 'medrex_ingest_status_rows_waiting',
    kind: 'gauge',
    help: 'Accepted operations not yet written to the status store.',
  },
  statusFailures: {
    name: 'medrex_ingest_status_store_failures_total',
    kind: 'counter',
    help: 'Failed calls of the status store. Operations are still accepted; repeats are then recognised on the ledger.',
  },
  pruned: {
    name: 'medrex_ingest_records_pruned_total',
    kind: 'counter',
    help: 'Operation records behind the dedupe window named by a prune, by result; the record of a message dated in the future is kept.',
    labels: { result: ['deleted', 'kept'] },
  },
  pruneFailures: {
    name: 'medrex_ingest_prune_failures_total',
    kind: 'counter',
    help: 'Failed passes over old operation records; the next pass continues there. Growing: the ledger keeps records for longer than needed.',
  },
  readFailures: {
    name: 'medrex_ingest_read_failures_total',
    kind: 'counter',
    help: 'Runs of outcomes, progress or intake that failed and are retried.',
  },
  intakeRetries: {
    name: 'medrex_ingest_intake_retries_total',
    kind: 'counter',
    help: 'Times that an intake partition waited because the vault or the log was unavailable.',
    labels: { topic: [topics.intake, topics.intakeUrgent] },
  },
  intakeLag: {
    name: 'medrex_ingest_intake_lag_records',
    kind: 'gauge',
    help: 'Records of an intake topic behind the run that was read last (consumer lag). Growing: senders are faster, or a class is paused.',
    labels: { topic: [topics.intake, topics.intakeUrgent] },
  },
  patientLookups: {
    name: 'medrex_ingest_vault_lookups_total',
    kind: 'counter',
    help: 'Patient lookups sent to the vault.',
  },
  patientHits: {
    name: 'medrex_ingest_vault_cache_hits_total',
    kind: 'counter',
    help: 'Patient lookups answered from memory, within the lease of their data keys.',
  },
});
