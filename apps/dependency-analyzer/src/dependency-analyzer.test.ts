import { describe, expect, it } from '@jest/globals';
import {
  analyzedCodec,
  encodeOperations,
  outcomesCodec,
  progressCodec,
  topics,
  type LogRun,
  type OperationOutcome,
} from '@medrex/contracts';
import { InMemoryEventLog } from '@medrex/contracts/in-memory';
import { anAcceptedOperation, realClock } from '@medrex/contracts/testing';
import { stateKey, type AccessMode } from '@medrex/keys';
import { DependencyAnalyzer } from './dependency-analyzer.ts';

const account = (name: string, mode: AccessMode) => ({ key: stateKey('clinical', 'account', name), mode });

/** A run of one record at the offset, with one operation per list of keys. */
function operationsRun(offset: number, ...keys: (readonly ReturnType<typeof account>[])[]): LogRun {
  const operations = keys.map((declared, place) =>
    anAcceptedOperation({ operation: { opId: `${offset}-${place}`, keys: declared } }),
  );
  return runOf(topics.operations, offset, encodeOperations(operations)[0]!);
}

function runOf(topic: string, offset: number, value: Uint8Array): LogRun {
  const record = { topic, partition: 0, offset, key: undefined, value, headers: new Map(), timestampMs: 0 };
  return { topic, partition: 0, records: [record], endOffset: offset + 1 };
}

function outcomesRun(...seqs: number[]): LogRun {
  const outcome = (seq: number): OperationOutcome => ({
    seq,
    opId: 'x',
    sourceHash: 'x',
    sealedName: '',
    item: 0,
    status: 'applied',
    code: 'OK',
    txId: 't',
    blockNum: 1,
    txNum: 0,
  });
  return runOf(
    topics.outcomes,
    0,
    outcomesCodec.encode({ txId: 't', blockNum: 1, txNum: 0, committedAtMs: 0, outcomes: seqs.map(outcome) }),
  );
}

function anAnalyzer(over: { readonly liveMax?: number } = {}) {
  const log = new InMemoryEventLog({ clock: realClock });
  const analyzer = new DependencyAnalyzer({
    channel: 'ehr',
    partition: 0,
    log,
    edgesMax: 8,
    liveMax: over.liveMax ?? 100,
  });
  const published = async () => {
    const { end } = await log.bounds(topics.analyzed, 0);
    const analyses: ReturnType<typeof analyzedCodec.decode>['analyses'][number][] = [];
    let seen = 0;
    const subscription = await log.subscribe(
      { group: 'test', topic: topics.analyzed, from: { at: 'start' } },
      async (run) => {
        for (const record of run.records) analyses.push(...analyzedCodec.decode(record.value).analyses);
        seen += run.records.length;
      },
    );
    while (seen < end) await new Promise((resolve) => setTimeout(resolve, 2));
    await subscription.close();
    return analyses;
  };
  return { analyzer, published };
}

const progress = {
  channel: 'ehr',
  generation: 1,
  lowWaterMark: 0,
  doneRanges: [],
  live: 0,
  contractVersion: '1',
  blockHeight: 1,
} as const;

describe('DependencyAnalyzer', () => {
  it('publishes typed edges, depth and the conflict flag, and forgets terminal operations', async () => {
    const { analyzer, published } = anAnalyzer();
    await analyzer.onOperations(
      operationsRun(
        0,
        [account('a', 'readWrite')],
        [account('a', 'readWrite')],
        [account('b', 'read')],
        [account('b', 'write')],
      ),
    );
    expect(await published()).toMatchObject([
      { seq: 0, edges: [], isConflicting: false, depth: 0 },
      { seq: 1, edges: [{ from: 0, type: 'RAW' }], isConflicting: true, depth: 1 },
      { seq: 2, edges: [], depth: 0 },
      { seq: 3, edges: [{ from: 2, type: 'WAR' }], isConflicting: false, depth: 1 },
    ]);
    await analyzer.onOutcomes(outcomesRun(0, 1, 2, 3));
    expect(analyzer.isEmpty).toBe(true);
  });

  it('ignores a redelivered record and a repeated outcome', async () => {
    const { analyzer, published } = anAnalyzer();
    const run = operationsRun(0, [account('a', 'readWrite')]);
    await analyzer.onOperations(run);
    await analyzer.onOperations(run);
    await analyzer.onOutcomes(outcomesRun(0));
    await analyzer.onOutcomes(outcomesRun(0));
    expect(await published()).toHaveLength(1);
    expect(analyzer.isEmpty).toBe(true);
  });

  it('does not keep an operation that was reported terminal before it was read', async () => {
    const { analyzer } = anAnalyzer();
    await analyzer.onOutcomes(outcomesRun(0));
    await analyzer.onOperations(operationsRun(0, [account('a', 'readWrite')], [account('a', 'readWrite')]));
    expect(analyzer.live).toBe(1);
  });

  it('clears everything below the low-water mark and in the done ranges, with or without outcomes', async () => {
    const { analyzer } = anAnalyzer();
    await analyzer.onOperations(
      operationsRun(
        0,
        [account('a', 'readWrite')],
        [account('b', 'readWrite')],
        [account('c', 'readWrite')],
        [account('d', 'readWrite')],
      ),
    );
    await analyzer.onProgress(
      runOf(topics.progress, 0, progressCodec.encode({ ...progress, lowWaterMark: 2, doneRanges: [[3, 3]] })),
    );
    expect(analyzer.live).toBe(1);
    analyzer.applyProgress({ ...progress, generation: 0, lowWaterMark: 9 });
    expect(analyzer.live).toBe(1);
    analyzer.applyProgress({ ...progress, generation: 2, lowWaterMark: 9 });
    expect(analyzer.isEmpty).toBe(true);
  });

  it('skips terminal operations when it restarts and reads the log again', async () => {
    const { analyzer, published } = anAnalyzer();
    analyzer.applyProgress({ ...progress, lowWaterMark: 1, doneRanges: [[2, 2]] });
    await analyzer.onOperations(
      operationsRun(0, [account('a', 'readWrite')], [account('a', 'readWrite')], [account('a', 'readWrite')]),
    );
    expect((await published()).map(({ seq }) => seq)).toEqual([1]);
  });

  it('waits for outcomes when it is at its limit of live operations', async () => {
    const { analyzer } = anAnalyzer({ liveMax: 1 });
    await analyzer.onOperations(operationsRun(0, [account('a', 'read')], [account('b', 'read')]));
    let isDone = false;
    const second = analyzer.onOperations(operationsRun(1, [account('c', 'read')])).then(() => (isDone = true));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(isDone).toBe(false);
    await analyzer.onOutcomes(outcomesRun(0));
    await second;
    expect(analyzer.live).toBe(2);
  });

  it('publishes an operation again when the chain of its dependents has grown', async () => {
    const { analyzer, published } = anAnalyzer();
    const chain = Array.from({ length: 40 }, () => [account('a', 'readWrite')]);
    await analyzer.onOperations(operationsRun(0, ...chain));
    analyzer.statistics();
    await analyzer.onOperations(operationsRun(1, [account('z', 'read')]));
    expect((await published()).filter(({ seq, criticality }) => seq === 0 && criticality > 8).length).toBeGreaterThan(
      0,
    );
  });
});
