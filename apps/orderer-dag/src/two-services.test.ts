import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { encodeOperations, outcomesCodec, topics } from '@medrex/contracts';
import { InMemoryEventLog, InMemoryTopics } from '@medrex/contracts/in-memory';
import { aRouting, eventually, realClock } from '@medrex/contracts/testing';
import { batchChaincode } from '@medrex/execute-batch';
import { assetTransfer } from '@medrex/execute-batch/testing';
import { InMemoryLedger } from '@medrex/ledger/in-memory';
import type { RunningService } from '@medrex/nest';
import { createTelemetry } from '@medrex/telemetry';
import { systemClock } from './clock.ts';
import { ordererConfig } from './config.ts';
import { startOrdererDag } from './start-orderer-dag.ts';
import { deposit } from './testing/operations.ts';

const config = ordererConfig.parse({ PORT: '0' });
const telemetryOf = (lines: string[]) =>
  createTelemetry({
    service: 'orderer-dag',
    traceRatio: 0,
    isStrict: true,
    writeLog: (line) => void lines.push(line),
  });

describe('two orderer-dag services on one log and one ledger', () => {
  const kept = new InMemoryTopics();
  const lines: string[] = [];
  let ledger: InMemoryLedger;
  let services: RunningService[];

  /** A service with its own clients, as in another process. */
  const started = async (): Promise<RunningService> => {
    const log = new InMemoryEventLog({ clock: realClock, topics: kept });
    const ports = { log, ledgers: new Map([['ehr', ledger]]), isModel: false, close: () => log.close() };
    const service = await startOrdererDag(config, { ports, telemetry: telemetryOf(lines) });
    services.push(service);
    return service;
  };
  const asked = async ({ urls }: RunningService, path: string): Promise<string> =>
    (await fetch((urls['metrics'] ?? '').replace('/metrics', path))).text();
  const isLeader = async (service: RunningService): Promise<boolean> =>
    (await asked(service, '/metrics')).includes('medrex_orderer_channels{role="leader"} 1');
  const outcomes = (): number =>
    kept
      .partition(topics.outcomes, 0)
      .read(0, Infinity, Infinity)
      .reduce((sum, { value }) => sum + outcomesCodec.parse(value).outcomes.length, 0);
  const append = async (): Promise<void> => {
    const log = new InMemoryEventLog({ clock: realClock, topics: kept });
    const run = ['ann', 'ben'].map((name) => ({ operation: deposit(name), routing: aRouting() }));
    await log.append(
      topics.operations,
      0,
      encodeOperations(run).map((value) => ({ value })),
    );
  };

  beforeEach(async () => {
    services = [];
    ledger = await InMemoryLedger.open({
      chaincodes: [batchChaincode({ name: 'medrex', version: '1', contracts: [assetTransfer] })],
      scheduler: { nowMs: () => systemClock.now(), after: (ms, run) => systemClock.after(ms, run) },
      seed: 1,
      cutter: { batchTimeoutMs: 20 },
    });
  });
  afterEach(async () => {
    for (const service of services) await service.close();
    await ledger.close();
  });

  it('the second is a ready standby, logs that, and leads when the first is stopped', async () => {
    const first = await started();
    const second = await started();
    expect([await isLeader(first), await isLeader(second)]).toEqual([true, false]);
    expect(await asked(second, '/metrics')).toContain('medrex_orderer_channels{role="standby"} 1');
    await eventually(async () => (await asked(first, '/readyz')) === 'ready\n');
    expect(await asked(second, '/readyz')).toBe('ready\n');
    await append();
    await eventually(() => outcomes() === 2);
    await first.close();
    await append();
    await eventually(() => outcomes() === 4);
    expect(await isLeader(second)).toBe(true);
    const output = lines.join();
    expect(output).toContain('another orderer-dag leads the channel; this one is a standby');
    expect(output).toContain('this orderer-dag has handed over the channel');
    expect(output).not.toContain('this orderer-dag leads no channel any more, and ends');
  });
});
