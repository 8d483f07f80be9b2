import { operationClasses } from '@medrex/contracts';
import { fabricPools, pinTroubles } from '@medrex/fabric/variables';
import { validationCodes, type ValidationCode } from '@medrex/ledger';
import { defineMetrics } from '@medrex/telemetry';
import { channelRoles, returnReasons, troubleSteps } from './channel-observer.ts';
import { closeReasons } from './close-reason.ts';

const codes = Object.keys(validationCodes) as ValidationCode[];

/** Everything that orderer-dag counts and times. */
export const ordererMetrics = defineMetrics({
  admitted: {
    name: 'medrex_orderer_operations_admitted_total',
    kind: 'counter',
    help: 'Operations read from the log and taken in, repeats among them.',
  },
  operations: {
    name: 'medrex_orderer_operations_total',
    kind: 'counter',
    help: 'Operations that became terminal, by how they ended and by class.',
    labels: { end: ['applied', 'rejected', 'dead'], class: operationClasses },
  },
  repeats: {
    name: 'medrex_orderer_repeats_total',
    kind: 'counter',
    help: 'Operations that were answered from the record of an earlier transaction: resent messages, and work done twice over a restart.',
  },
  mispredictions: {
    name: 'medrex_orderer_mispredictions_total',
    kind: 'counter',
    help: 'Operations that touched keys beyond their declaration. Growing: a key template misses keys that the message could tell.',
  },
  predictions: {
    name: 'medrex_orderer_call_predictions_total',
    kind: 'counter',
    help: 'Calls of per-transaction mode without declared keys, by whether everything they touched was predicted from earlier calls of the same function. Wrong ones growing: name the keys in a template.',
    labels: { result: ['right', 'wrong'] },
  },
  widenings: {
    name: 'medrex_orderer_widenings_total',
    kind: 'counter',
    help: 'Times that an operation went back to its place with more keys, because another operation held what it had touched.',
  },
  closings: {
    name: 'medrex_orderer_closings_total',
    kind: 'counter',
    help: 'Operations given up, by reason; each ends as dead unless an earlier envelope of it had taken effect.',
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
    help: 'Our Fabric transactions as blocks show them, by validation code, probes aside.',
    labels: { code: codes },
  },
  returned: {
    name: 'medrex_orderer_fusions_returned_total',
    kind: 'counter',
    help: 'Fusions whose operations went back to their places, by reason. `own` must stay at zero: two envelopes of ours met on a key.',
    labels: { reason: returnReasons },
  },
  late: {
    name: 'medrex_orderer_late_transactions_total',
    kind: 'counter',
    help: 'Envelopes that turned up VALID after their operations had been planned again.',
  },
  queueSeconds: {
    name: 'medrex_orderer_queue_seconds',
    kind: 'histogram',
    help: 'From reading the oldest operation of a fusion to its flight, for each flight.',
  },
  endorseSeconds: {
    name: 'medrex_orderer_endorse_seconds',
    kind: 'histogram',
    help: 'From the proposal to the agreed endorsement.',
  },
  commitSeconds: {
    name: 'medrex_orderer_commit_seconds',
    kind: 'histogram',
    help: 'From sending an envelope to its block.',
  },
  probes: {
    name: 'medrex_orderer_probes_total',
    kind: 'counter',
    help: 'Probes of the channel, by whether they were carried to VALID.',
    labels: { result: ['passed', 'failed'] },
  },
  breakerOpen: {
    name: 'medrex_orderer_breaker_open',
    kind: 'gauge',
    help: 'Channels to which nothing is sent because the probe fails, or because the contract lacks a template version of the log.',
    labels: { reason: ['probe-failed', 'template-version-missing'] },
  },
  stopped: {
    name: 'medrex_orderer_channels_stopped',
    kind: 'gauge',
    help: 'Channels that stand until somebody looks. Above zero: act.',
  },
  troubles: {
    name: 'medrex_orderer_troubles_total',
    kind: 'counter',
    help: 'Failures of a step that is tried again until it works.',
    labels: { step: troubleSteps },
  },
  foreignWrites: {
    name: 'medrex_orderer_foreign_writes_total',
    kind: 'counter',
    help: 'Keys written on our channels by transactions that are not ours.',
  },
  channels: {
    name: 'medrex_orderer_channels',
    kind: 'gauge',
    help: 'Channels of this process by its part in them. Over all instances each channel has one leader: act when it has none for more than 15 s.',
    labels: { role: channelRoles },
  },
  live: { name: 'medrex_orderer_live_operations', kind: 'gauge', help: 'Operations read and not terminal.' },
  ready: {
    name: 'medrex_orderer_ready_operations',
    kind: 'gauge',
    help: 'Live operations that wait for a flight only.',
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
    help: 'Operations ready for more than a third of the time after which they are closed, while the channel works. Above zero: act.',
  },
  flights: { name: 'medrex_orderer_flights', kind: 'gauge', help: 'Fabric transactions in flight.' },
  span: {
    name: 'medrex_orderer_low_water_lag',
    kind: 'gauge',
    help: 'Operations between the low-water mark and what was read: what a successor has to know again. Alarm above 100,000: a take-over may take longer than 5 s.',
  },
  fabricCalls: {
    name: 'medrex_orderer_fabric_calls',
    kind: 'gauge',
    help: 'Calls to a Fabric network, by kind: under way, and waiting because the limit of their kind is reached.',
    labels: { target: fabricPools, state: ['in_flight', 'waiting'] },
  },
  fabricIdentityDays: {
    name: 'medrex_orderer_fabric_identity_days',
    kind: 'gauge',
    help: 'Days until the certificate of the Fabric client ends; of several channels the least. Renew it before it is zero.',
  },
  fabricPinned: {
    name: 'medrex_orderer_fabric_pinned_total',
    kind: 'counter',
    help: 'Times that another peer of an organisation was pinned, by what was wrong with the one before.',
    labels: { why: pinTroubles },
  },
  fabricStreamBreaks: {
    name: 'medrex_orderer_fabric_stream_breaks_total',
    kind: 'counter',
    help: 'Times that the block stream of a pinned peer broke and was opened again.',
  },
  blockHeight: {
    name: 'medrex_orderer_block_height',
    kind: 'gauge',
    help: 'Blocks reported, of all channels together.',
  },
});
