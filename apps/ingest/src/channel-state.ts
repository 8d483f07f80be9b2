import { topics, type EventLog, type IntakeRecordPlace, type StatusStore } from '@medrex/contracts';
import { PatientDirectory } from '@medrex/privacy';
import { Admission, liveLimits } from './admission.ts';
import { Appender, NotAppended } from './appender.ts';
import { channelPartition, receiptPartitions, type IngestConfig } from './config.ts';
import { DeadLetters } from './dead-letters.ts';
import { MessageIdentifier } from './identify.ts';
import { KnownOperations } from './known-operations.ts';
import { LiveOperations } from './live-operations.ts';
import type { IngestObserver } from './observer.ts';
import { unlessAborted } from './unless-aborted.ts';
import type { IngestPorts } from './ports.ts';
import { ProgressFollower } from './progress-follower.ts';
import { ReceiptPublisher } from './receipts.ts';
import { RefusedMessages } from './refused-messages.ts';
import { resume } from './resume.ts';
import { StatusRecorder } from './status-recorder.ts';
import { WaitingRoom } from './waiting-room.ts';

/** The shared state of one channel: admission, known names, live operations and progress. */
export interface ChannelState {
  readonly partition: number;
  readonly identityKey: Uint8Array;
  readonly identifier: MessageIdentifier;
  readonly directory: PatientDirectory;
  readonly admission: Admission;
  readonly appender: Appender;
  readonly known: KnownOperations;
  readonly live: LiveOperations;
  readonly statusRecorder: StatusRecorder;
  readonly progress: ProgressFollower;
  readonly receipts: ReceiptPublisher;
  readonly waitingRoom: WaitingRoom;
  readonly statuses: StatusStore;
  /** Offset of the last outcome that the status store held before it was asked for the live operations. */
  readonly projectedUpTo: number | undefined;
  readonly deadLetters: DeadLetters;
  readonly refused: RefusedMessages;
  /** Stops appending: what is not yet durable is refused, or redelivered later. */
  readonly stopAppending: () => void;
}

/** Opens the channel and restores the operations accepted by earlier processes. @throws errors of the vault, the log and the store */
export async function openChannel(
  config: IngestConfig,
  ports: IngestPorts,
  observer: IngestObserver,
  instance: string,
): Promise<ChannelState> {
  const { log, statuses, vault, nowMs = Date.now } = ports;
  const group = `ingest-${instance}`;
  const partition = channelPartition(config);
  const admission = new Admission(liveLimits(config.INGEST_LIVE_MAX));
  const progress = new ProgressFollower({
    log,
    channel: config.MEDREX_CHANNEL,
    partition,
    group: `${group}-progress`,
    onProgress: ({ live }) => admission.report(live),
    onError: observer.readFailed,
  });
  const appender = new Appender({
    log,
    partition,
    lowWaterMark: () => progress.lowWaterMark,
    queueMax: config.INGEST_QUEUE_MAX,
    queueBytesMax: config.INGEST_QUEUE_BYTES_MAX,
    onAppended: observer.appended,
    onFailure: observer.appendFailed,
    onHalt: observer.halted,
  });
  const identityKey = await vault.identityKey(config.MEDREX_CHANNEL);
  const identifier = new MessageIdentifier({ identityKey, instance, cluster: config.MEDREX_CLUSTER });
  const directory = await PatientDirectory.open({ vault, order: config.MEDREX_IDENTIFIER_SYSTEMS, nowMs });
  const placeId = (place: IntakeRecordPlace): string => identifier.placeId(place, '');
  const given = new AbortController();
  // After the grace period a stop does not wait for a log that hangs; an unfinished run is not committed and is redelivered.
  const answers: Pick<EventLog, 'append'> = {
    append: (topic, number, records) => unlessAborted(log.append(topic, number, records), given.signal),
  };
  const state: ChannelState = {
    partition,
    identityKey,
    identifier,
    directory,
    admission,
    appender,
    known: new KnownOperations(statuses, config.INGEST_KNOWN_MAX, observer.statusStoreFailed),
    live: new LiveOperations(),
    statusRecorder: new StatusRecorder({ statuses, onFailure: observer.statusStoreFailed }),
    progress,
    receipts: new ReceiptPublisher(answers, receiptPartitions(config)),
    waitingRoom: new WaitingRoom(statuses),
    statuses,
    projectedUpTo: await statuses.position(topics.outcomes, partition),
    deadLetters: new DeadLetters({ log, partition, group, onError: observer.readFailed, placeId }),
    refused: new RefusedMessages({ log: answers, partition, tenant: directory.tenant, nowMs }),
    stopAppending: () => {
      given.abort(new NotAppended('stopped'));
      appender.rejectAll();
    },
  };
  await progress.start();
  await state.deadLetters.start();
  const operations = await resume({
    ...state,
    log,
    group: `${group}-resume`,
    lowWaterMark: progress.lowWaterMark,
    onError: observer.readFailed,
  });
  observer.resumed({ operations, live: state.live.size, lowWaterMark: progress.lowWaterMark });
  return state;
}
