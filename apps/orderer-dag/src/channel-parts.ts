import { BatchPlanner } from '@medrex/batch-planner';
import { topics, type Progress, type Topic } from '@medrex/contracts';
import { Admission } from './admission.ts';
import { backoffMs } from './backoff.ts';
import { AllFlights } from './calls/all-flights.ts';
import { CallFlights } from './calls/call-flights.ts';
import { LearnedKeys } from './calls/learned-keys.ts';
import { QueueNames } from './calls/touched-keys.ts';
import { ChannelHealth } from './channel-health.ts';
import type { ChannelOptions } from './channel-options.ts';
import type { RetriedStep } from './channel-observer.ts';
import type { CloseReason } from './close-reason.ts';
import { FailureJudge } from './failure-judge.ts';
import { Flights, type Landing } from './flights.ts';
import { Lease } from './lease.ts';
import { LiveOperations } from './live-operations.ts';
import { LogWriter } from './log-writer.ts';
import { OutcomeWriter } from './outcome-writer.ts';
import { Probe } from './probe.ts';
import { ProgressKeeper } from './progress-keeper.ts';
import { ProgressWriter } from './progress-writer.ts';
import { fusionProposal, probeProposal } from './proposals.ts';
import { RecentWrites } from './recent-writes.ts';
import type { TakeOver } from './restart.ts';
import { SentEnvelopes } from './sent-envelopes.ts';
import { Suspects } from './suspects.ts';
import { transactionNames } from './transaction-names.ts';
import { WorkingTime } from './working-time.ts';

/** Callbacks from the parts of a channel to its loop. */
export interface ChannelHooks {
  readonly onLanded: (landing: Landing) => void;
  /** Planning may be possible now. */
  readonly onChange: () => void;
  readonly onReported: (seqs: readonly number[]) => void;
  /** An operation can only be closed. */
  readonly onUnexecutable: (seq: number, reason: CloseReason) => void;
  readonly onStop: (error: unknown) => void;
  readonly snapshot: () => Progress;
  /** Progress made at `madeMs` is durable. */
  readonly onProgress: (progress: Progress, madeMs: number) => void | Promise<void>;
}

/** The wired parts of one channel. */
export type ChannelParts = ReturnType<typeof channelParts>;

/** Wires the parts of a channel; nothing runs before the first input. */
export function channelParts(options: ChannelOptions, taken: TakeOver, hooks: ChannelHooks) {
  const { progress } = taken;
  const { limits, ledger, clock, observer } = options;
  const planner = new BatchPlanner(limits.planner);
  const keeper = new ProgressKeeper(progress);
  const live = new LiveOperations(limits.live);
  const sent = new SentEnvelopes();
  const recent = new RecentWrites();
  const suspects = new Suspects();
  const nextName = transactionNames(ledger, options.secret, progress.generation);
  const health = channelHealth(options, hooks, sent, () => probeProposal(options, progress.generation, nextName()));
  const lease = new Lease(clock, limits.standby?.leaseMs);
  const working = new WorkingTime(clock, () => health.isClosed && lease.isHeld);
  const judge = new FailureJudge({
    health,
    suspects,
    clock,
    onStop: hooks.onStop,
    holdBackMs: (failures) => backoffMs(failures, limits.backoff),
    onPoison: (seq) => hooks.onUnexecutable(seq, 'POISON'),
  });
  const learned = new LearnedKeys();
  const shared = { ledger, planner, health, judge, sent, recent, lease, clock, working, observer };
  const timing = { endorseTimeoutMs: limits.endorseTimeoutMs, unseenAfterMs: limits.unseenAfterMs };
  const callbacks = {
    onLanded: hooks.onLanded,
    onReturned: hooks.onChange,
    onStop: hooks.onStop,
    onUnstable: (seq: number) => hooks.onUnexecutable(seq, 'UNSTABLE_KEYS'),
  };
  const fused = new Flights({
    ...shared,
    ...timing,
    ...callbacks,
    nextName,
    propose: (operations, name) => fusionProposal(options, operations, name),
  });
  const { callKey: key, blocks, chaincode } = options;
  const names = key && new QueueNames(chaincode, key);
  const calls =
    key &&
    names &&
    new CallFlights({
      ...shared,
      ...timing,
      ...callbacks,
      proposer: options,
      key,
      names,
      blocks,
      learned,
      backoff: limits.backoff,
    });
  const flights = new AllFlights(fused, calls);
  return {
    planner,
    keeper,
    live,
    sent,
    recent,
    suspects,
    health,
    working,
    judge,
    flights,
    lease,
    names,
    admission: new Admission({ planner, keeper, live, clock, callKey: key, names, learned, chaincode }),
    outcomes: outcomeWriter(options, hooks.onReported),
    reports: logWriter(options, topics.blocks, 'blocks'),
    progress: progressWriter(options, taken.progressOffset, hooks),
  };
}

function channelHealth(
  options: ChannelOptions,
  hooks: ChannelHooks,
  sent: SentEnvelopes,
  propose: () => ReturnType<typeof probeProposal>,
): ChannelHealth {
  const { ledger, clock, limits, observer } = options;
  const { endorseTimeoutMs, unseenAfterMs, backoff } = limits;
  return new ChannelHealth({
    probe: new Probe({ ledger, sent, clock, propose, endorseTimeoutMs, unseenAfterMs }),
    clock,
    backoff,
    onProbe: (hasPassed) => observer.probed(hasPassed),
    onOpened: (reason, error) => observer.opened(reason, error),
    onClosed: (openMs) => {
      observer.closed(openMs);
      hooks.onChange();
    },
  });
}

function outcomeWriter(options: ChannelOptions, onReported: ChannelHooks['onReported']): OutcomeWriter {
  return new OutcomeWriter({
    outcomes: logWriter(options, topics.outcomes, 'outcomes'),
    deadLetters: logWriter(options, topics.deadLetters, 'dead-letters'),
    onReported,
  });
}

function logWriter(
  { log, partition, clock, limits, observer }: ChannelOptions,
  topic: Topic,
  step: RetriedStep,
): LogWriter {
  const onFailure = (error: unknown, failures: number): void => observer.stepFailed(step, error, failures);
  return new LogWriter({ log, partition, clock, topic, backoff: limits.backoff, onFailure });
}

function progressWriter(options: ChannelOptions, claimOffset: number, hooks: ChannelHooks): ProgressWriter {
  const { log, partition, clock, limits, observer } = options;
  return new ProgressWriter({
    log,
    partition,
    claimOffset,
    clock,
    snapshot: hooks.snapshot,
    backoff: limits.backoff,
    everyMs: limits.progressEveryMs,
    ...(limits.standby && { heartbeatMs: limits.standby.heartbeatMs }),
    onWritten: hooks.onProgress,
    onFailure: (step, error, failures) => observer.stepFailed(step, error, failures),
  });
}
