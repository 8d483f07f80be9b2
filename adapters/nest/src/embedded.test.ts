import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LogRun } from '@medrex/contracts';
import { aRecord, eventually } from '@medrex/contracts/testing';
import { EmbeddedEventLog } from '@medrex/embedded';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { createService } from './create-service.ts';
import { EventLogStrategy, type EventLogStrategyOptions } from './event-log-strategy.ts';
import { OnRuns } from './on-runs.ts';
import type { RunContext } from './run-context.ts';

const seen: string[] = [];
const text = (run: LogRun): string => run.records.map((record) => Buffer.from(record.value).toString()).join();

@Controller()
class OrdersController {
  @OnRuns('orders', { group: 'g', maxRecords: 2 })
  async orders(run: LogRun, context: RunContext): Promise<void> {
    seen.push(text(run));
    if (seen.length === 2) throw new Error('the second run fails once');
    await context.commit();
  }

  @OnRuns('other', { group: 'g' })
  async other(run: LogRun): Promise<void> {
    seen.push(text(run));
  }
}

@Module({ controllers: [OrdersController] })
class OrdersModule {}

describe('a Nest service on the embedded log', () => {
  let root: string;
  const services: INestMicroservice[] = [];
  const logs: EmbeddedEventLog[] = [];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'medrex-nest-'));
    seen.length = 0;
  });
  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.close()));
    await Promise.all(logs.splice(0).map((log) => log.close()));
    rmSync(root, { recursive: true });
  });
  const openLog = (): EmbeddedEventLog => {
    const log = new EmbeddedEventLog({ root, segment: { bytes: 1 }, redelivery: { firstMs: 1, maxMs: 5 } });
    logs.push(log);
    return log;
  };
  const start = async (log: EmbeddedEventLog, options: Partial<EventLogStrategyOptions> = {}): Promise<void> => {
    const service = await createService(OrdersModule, new EventLogStrategy({ log, ...options }));
    services.push(service);
    await service.listen();
  };

  it('gets runs, the same one again after a failure, and continues after its commit after a restart', async () => {
    const log = openLog();
    const errors: string[] = [];
    await log.append(
      'orders',
      0,
      ['1', '2', '3', '4'].map((one) => aRecord(one)),
    );
    await start(log, { onError: (error, run) => errors.push(`${String(error)}: ${text(run)}`) });
    await eventually(async () => (await log.committed('g', 'orders', 0)) === 4);
    expect(seen).toEqual(['1,2', '3,4', '3,4']);
    expect(errors).toEqual(['Error: the second run fails once: 3,4']);
    await services.splice(0)[0]?.close();
    await log.append('orders', 0, [aRecord('5')]);
    await start(log);
    await eventually(() => seen.length === 4);
    expect(seen[3]).toBe('5');
  });

  it('does not start, and reads nothing, when one of its topics has an invalid start position', async () => {
    const log = openLog();
    await log.append('orders', 0, [aRecord('1')]);
    await log.commit('g', 'other', 0, 9);
    await expect(start(log)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    services.splice(0);
    seen.length = 0;
    await log.append('orders', 0, [aRecord('2')]);
    const witness: string[] = [];
    await log.subscribe({ group: 'w', topic: 'orders', from: { at: 'start' } }, async (run) => {
      witness.push(...run.records.map((record) => Buffer.from(record.value).toString()));
    });
    await eventually(() => witness.length === 2);
    expect(seen).toEqual([]);
  });

  it('gets an error when unread records were deleted', async () => {
    const log = openLog();
    for (let at = 0; at < 8; at++) await log.append('orders', 0, [aRecord(String(at))]);
    const readErrors: unknown[] = [];
    const strategy = { onReadError: (error: unknown, topic: string) => readErrors.push([topic, error]) };
    await start(log, { ...strategy, onError: () => void log.truncateBefore('orders', 0, 8) });
    await eventually(() => readErrors.length > 0);
    expect(readErrors).toMatchObject([['orders', { code: 'OFFSET_OUT_OF_RANGE' }]]);
  });
});
