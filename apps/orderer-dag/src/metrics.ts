import { operationClasses } from '@medrex/contracts';
import { fabricPools, pinTroubles } from '@medrex/fabric/variables';
import { validationCodes, type ValidationCode } from '@medrex/ledger';
import { defineMetrics } from '@medrex/telemetry';
import { channelRoles, returnReasons, retriedSteps } from './channel-observer.ts';
import { closeReasons } from './close-reason.ts';

const codes = Object.keys(validationCodes) as ValidationCode[];

/** The metrics of orderer-dag. */
export const ordererMetrics = defineMetrics({
  admitted: {
    name: 'medrex_orderer_operations_admitted_total',
    kind: 'counter',
    help: 'Operations admitted from the log, including repeats.',
  },
  operations: {
    name: 'medrex_orderer_operations_total',
    kind: 'counter',
    help: 'Operations that became terminal, by outcome and class.',
    labels: { end: ['applied', 'rejected', 'dead'], class: operationClasses },
  },
  repeats: {
    name: 'medrex_orderer_repeats_total',
    kind: 'counter',
    help: 'Operations answered from the operation record of an earlier transaction: repeated messages, and work repeated after a restart.',
  },
  mispredictions: {
    name: 'medrex_orderer_mispredictions_total',
    kind: 'counter',
    help: 'Operations that touched undeclared keys. Growing: a key template misses keys that could be derived from the message.',
  },
  predictions: {
    name: 'medrex_orderer_call_predictions_total',
    kind: 'counter',
    help: 'Calls of per-transaction mode without declared keys, by whether all touched keys were predicted from earlier calls of the function. Wrong ones growing: name the keys in a template.',
    labels: { result: ['right', 'wrong'] },
  },
  widenings: {
    name: 'medrex_orderer_widenings_total',
    kind: 'counter',
    help: 'Times that an operation was returned to its queue with more keys, because another operation held a key that it touched.',
  },
  closings: {
    name: 'medrex_orderer_closings_total',
    kind: 'counter',
    help: 'Operations given up, by reason; each ends dead unless an earlier envelope of it took effect.',
    labels: { reason: closeReasons },
  },
  fusionOperations: {
    name: 'medrex_orderer_fusion_operations',
    kind: 'histogram',
    help: 'Operations in one Fabric transaction.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 350, 500],
  },
  transactions: {
    name: 'medrex_orderer_fabric_transactions_total',
    kind: 'counter',
    help: 'Our Fabric transactions in blocks, by validation code, without probes.',
    labels: { code: codes },
  },
  returned: {
    name: 'medrex_orderer_fusions_returned_total',
    kind: 'counter',
    help: 'Fusions whose operations were returned to their queues, by reason. `own` must stay zero: two of our envelopes conflicted on a key.',
    labels: { reason: returnReasons },
  },
  late: {
    name: 'medrex_orderer_late_transactions_total',
    kind: 'counter',
    help: 'Envelopes that became VALID after their operations were planned again.',
  },
  queueSeconds: {
    name: 'medrex_orderer_queue_seconds',
    kind: 'histogram',
    help: 'Time from reading the oldest operation of a fusion to its flight.',
  },
  endorseSeconds: {
    name: 'medrex_orderer_endorse_seconds',
    kind: 'histogram',
    help: 'Time from the proposal to the agreed endorsement.',
  },
  commitSeconds: {
    name: 'medrex_orderer_commit_seconds',
    kind: 'histogram',
    help: 'Time from sending an envelope to its block.',
  },
  probes: {
    name: 'medrex_orderer_probes_total',
    kind: 'counter',
    help: 'Probes of the channel, by whether they became VALID.',
    labels: { result: ['passed', 'failed'] },
  },
  breakerOpen: {
    name: 'medrex_orderer_breaker_open',
    kind: 'gauge',
    help: 'Channels with an open breaker, because the probe fails or the contract lacks a template version of the log.',
    labels: { reason: ['probe-failed', 'template-version-missing'] },
  },
  stopped: {
    name: 'medrex_orderer_channels_stopped',
    kind: 'gauge',
    help: 'Channels stopped until an operator acts. Above zero: act.',
  },
  troubles: {
    name: 'medrex_orderer_troubles_total',
    kind: 'counter',
    help: 'Failures of a step that is retried until it succeeds.',
    labels: { step: retriedSteps },
  },
  foreignWrites: {
    name: 'medrex_orderer_foreign_writes_total',
    kind: 'counter',
    help: 'Keys written by foreign transactions on our channels.',
  },
  channels: {
    name: 'medrex_orderer_channels',
    kind: 'gauge',
    help: 'Channels of this process by its role. Over all instances each channel has one leader: act when it has none for more than 15 s.',
    labels: { role: channelRoles },
  },
  live: { name: 'medrex_orderer_live_operations', kind: 'gauge', help: 'Operations read and not terminal.' },
  ready: {
    name: 'medrex_orderer_ready_operations',
    kind: 'gauge',
    help: 'Live operations that only wait for a flight.',
  },
  taken: { name: 'medrex_orderer_taken_operations', kind: 'gauge', help: 'Live operations in a flight.' },
  waiting: {
    name: 'medrex_orderer_waiting_operations',
    kind: 'gauge',
    help: 'Live operations that wait for earlier ones on their keys, by class.',
    labels: { class: operationClasses },
  },
  hanging: {
    name: 'medrex_orderer_hanging_operations',
    kind: 'gauge',
    help: 'Operations that have been ready for more than a third of the time after which they are closed, while the channel works. Above zero: act.',
  },
  flights: { name: 'medrex_orderer_flights', kind: 'gauge', help: 'Fabric transactions in flight.' },
  span: {
    name: 'medrex_orderer_low_water_lag',
    kind: 'gauge',
    help: 'Operations from the low-water mark to the last one read, which a successor has to rebuild. Alarm above 100,000: a take-over may take longer than 5 s.',
  },
  fabricCalls: {
    name: 'medrex_orderer_fabric_calls',
    kind: 'gauge',
    help: 'Calls to a Fabric network, by kind: in flight, and waiting because the limit of their kind is reached.',
    labels: { target: fabricPools, state: ['in_flight', 'waiting'] },
  },
  fabricIdentityDays: {
    name: 'medrex_orderer_fabric_identity_days',
    kind: 'gauge',
    help: 'Days until the certificate of the Fabric client expires; the minimum of all channels. Renew it before it is zero.',
  },
  fabricPinned: {
    name: 'medrex_orderer_fabric_pinned_total',
    kind: 'counter',
    help: 'Times that another peer of an organisation was pinned, by the problem of the previous one.',
    labels: { why: pinTroubles },
  },
  fabricStreamBreaks: {
    name: 'medrex_orderer_fabric_stream_breaks_total',
    kind: 'counter',
    help: 'Times that the block stream of a pinned peer broke and was reopened.',
  },
  blockHeight: {
    name: 'medrex_orderer_block_height',
    kind: 'gauge',
    help: 'Blocks reported, over all channels.',
  },
});
