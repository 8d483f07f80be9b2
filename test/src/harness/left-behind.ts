import { join } from 'node:path';
import {
  newestProgress,
  outcomesCodec,
  receiptCodec,
  topics,
  type EventLog,
  type LogRecord,
  type OperationOutcome,
  type OperationStatus,
  type Progress,
  type Receipt,
} from '@medrex/contracts';
import { wholeOperations, type WholeOperation } from '@medrex/contracts/testing';
import { EmbeddedLedger, EmbeddedStatusStore } from '@medrex/embedded';
import { batchChaincode } from '@medrex/execute-batch';
import type { CommittedState } from '@medrex/execute-batch/testing';
import { KafkaEventLog } from '@medrex/kafka';
import type { StateKey } from '@medrex/keys';
import type { Block, BlockStream } from '@medrex/ledger';

/** All data written by a stack, read after it was stopped. */
export interface LeftBehind extends LedgerLeft {
  /** The `operations` topic: the promised order, repeats included. */
  readonly operations: readonly WholeOperation[];
  /** The `outcomes` topic, repeats included. */
  readonly outcomes: readonly OperationOutcome[];
  readonly receipts: readonly Receipt[];
  readonly progress: Progress | undefined;
  /** Statuses in the status store of all operations of the topic, by id. */
  readonly statuses: ReadonlyMap<string, OperationStatus>;
}

/** Blocks and state of a ledger after a run. */
export interface LedgerLeft {
  readonly blocks: readonly Block[];
  /** The state of the chaincode, without chaincode definitions and probes. */
  readonly state: CommittedState;
  /** The state before the first of the blocks, as a network may outlive a run. */
  readonly before: CommittedState;
  /** MSP id under which orderer-dag proposed. */
  readonly writer: string;
}

/** Reads the ledger of services that ran over a folder and were stopped. */
export type ReadLedger = (folder: string) => Promise<LedgerLeft>;

/** Locations of the data of a run. */
export interface Written {
  readonly folder: string;
  openLog(): EventLog;
  /** All records of `operations`, when the log does not keep them. */
  readonly keptOperations: (() => Promise<readonly LogRecord[]>) | undefined;
  readonly readLedger: ReadLedger;
}

/** Reads the data of stopped services; the embedded ledger allows only one process at a time. */
export async function readLeftBehind(written: Written): Promise<LeftBehind> {
  const { folder } = written;
  const log = written.openLog();
  try {
    const operations = await operationsOf(written, log);
    const outcomes = (await readTopic(log, topics.outcomes)).flatMap(
      ({ value }) => outcomesCodec.parse(value).outcomes,
    );
    const receipts = (await readReceipts(log)).map(({ value }) => receiptCodec.parse(value));
    const progress = await readProgress(log);
    const statuses = await readStatuses(
      folder,
      operations.map(({ operation }) => operation.opId),
    );
    return { operations, outcomes, receipts, progress, statuses, ...(await written.readLedger(folder)) };
  } finally {
    await log.close();
  }
}

/** The whole `operations` topic, including repeats; also while the services run. */
export async function operationsOf(
  { keptOperations }: Pick<Written, 'keptOperations'>,
  log: EventLog,
): Promise<readonly WholeOperation[]> {
  const records = await (keptOperations?.() ?? readTopic(log, topics.operations));
  return records.flatMap(wholeOperations);
}

/** Receipts of every partition, one after the other. */
async function readReceipts(log: EventLog): Promise<readonly LogRecord[]> {
  const count = log instanceof KafkaEventLog ? await log.partitionCount(topics.receipts) : 1;
  const numbers = Array.from({ length: count }, (_, number) => number);
  return (await Promise.all(numbers.map((partition) => readTopic(log, topics.receipts, partition)))).flat();
}

/** Every record of a topic's partition. */
export async function readTopic(log: EventLog, topic: string, partition = 0): Promise<readonly LogRecord[]> {
  const { start, end } = await log.bounds(topic, partition);
  const records: LogRecord[] = [];
  if (start === end) return records;
  await new Promise<void>((resolve, reject) => {
    const all = { group: 'test', topic, partitions: [partition], from: { at: 'start' }, onError: reject } as const;
    const subscription = log.subscribe(all, async (run) => {
      records.push(...run.records);
      if ((records.at(-1)?.offset ?? 0) + 1 >= end) void subscription.then((one) => one.close()).then(resolve, reject);
    });
    subscription.catch(reject);
  });
  return records;
}

/** The progress of orderer-dag; also while it runs. */
export async function readProgress(log: EventLog, channel = 'ehr'): Promise<Progress | undefined> {
  const records = await log.latest(topics.progress, 0);
  return newestProgress(
    channel,
    records.map(({ value }) => value),
  );
}

/** Statuses in the status store, by id; also while ingest runs. */
export async function readStatuses(folder: string, opIds: readonly string[]): Promise<Map<string, OperationStatus>> {
  const store = new EmbeddedStatusStore({ file: join(folder, 'status', 'status.sqlite') });
  try {
    const found = await store.get(opIds);
    return new Map(found.flatMap((status) => (status === undefined ? [] : [[status.opId, status]])));
  } finally {
    await store.close();
  }
}

/** Reads the embedded ledger of a folder, which only has the blocks of the run. */
export const readEmbeddedLedger: ReadLedger = async (folder) => {
  const ledger = await EmbeddedLedger.open({
    directory: join(folder, 'ledger', 'ehr'),
    chaincodes: [batchChaincode({ name: 'medrex', version: '1', contracts: [] })], // nothing is executed here
  });
  try {
    return { blocks: await allBlocks(ledger), state: await stateOf(ledger), before: new Map(), writer: 'MedrexMSP' };
  } finally {
    await ledger.close();
  }
};

/** Every block that all endorsers have. */
export async function allBlocks(ledger: BlockStream): Promise<readonly Block[]> {
  const height = await ledger.height();
  const blocks: Block[] = [];
  await new Promise<void>((resolve, reject) => {
    const take = (block: Block): void => {
      blocks.push(block);
      if (blocks.length === height) resolve();
    };
    ledger.follow(0, take, reject);
  });
  return blocks;
}

async function stateOf(ledger: EmbeddedLedger): Promise<CommittedState> {
  const state: CommittedState = new Map();
  for await (const { key, value } of ledger.scan()) if (isOperations(key)) state.set(key as StateKey, value);
  return state;
}

/** Whether a key belongs to operations, rather than to a chaincode definition or a probe. */
export function isOperations(key: string): boolean {
  return !key.startsWith('_') && !key.startsWith('sys~probe~');
}
