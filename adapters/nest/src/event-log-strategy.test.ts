import { afterEach, describe, expect, it } from '@jest/globals';
import type { LogRun } from '@medrex/contracts';
import { InMemoryEventLog } from '@medrex/contracts/in-memory';
import { aRecord, eventually, realClock } from '@medrex/contracts/testing';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { createService } from './create-service.ts';
import { EventLogStrategy, type EventLogStrategyOptions } from './event-log-strategy.ts';
import { OnRuns } from './on-runs.ts';
import type { RunContext } from './run-context.ts';

const texts = (run: LogRun) => run.records.map(({ value }) => Buffer.from(value).toString());

/** What the controller below does with a run; set by each test. */
let onRun: (run: LogRun, context: RunContext) => Promise<void> = async () => undefined;
let service: INestMicroservice | undefined;

@Controller()
class ReadingController {
  @OnRuns('numbers', { group: 'readers', maxRecords: 2 })
  read(run: LogRun, context: RunContext): Promise<void> {
    return onRun(run, context);
  }
}

@Module({ controllers: [ReadingController] })
class ReadingModule {}

async function start(over: Partial<EventLogStrategyOptions> = {}) {
  const log = new InMemoryEventLog({ clock: realClock });
  const strategy = new EventLogStrategy({ log, partitions: [0], ...over });
  service = await createService(ReadingModule, strategy);
  await service.listen();
  return { log, strategy };
}

afterEach(async () => {
  await service?.close();
  service = undefined;
});

describe('EventLogStrategy', () => {
  it('passes whole runs to one handler, in order, the next one after its promise resolved', async () => {
    const seen: string[] = [];
    let isBusy = false;
    onRun = async (run) => {
      expect(isBusy).toBe(false);
      isBusy = true;
      await new Promise((resolve) => setTimeout(resolve, 3));
      seen.push(...texts(run));
      isBusy = false;
    };
    const { log } = await start();
    await log.append(
      'numbers',
      0,
      ['1', '2', '3', '4', '5'].map((text) => aRecord(text)),
    );
    await eventually(() => seen.length === 5);
    expect(seen).toEqual(['1', '2', '3', '4', '5']);
  });

  it('commits only what the handler commits', async () => {
    onRun = async (_run, context) => context.commit();
    const { log } = await start();
    await log.append('numbers', 0, [aRecord('1'), aRecord('2')]);
    await eventually(async () => (await log.committed('readers', 'numbers', 0)) === 2);
  });

  it('delivers the same run again to a handler that failed, and reports the error itself', async () => {
    const errors: unknown[] = [];
    let attempts = 0;
    const failure = new Error('no room');
    onRun = async () => {
      attempts += 1;
      if (attempts < 3) throw failure;
    };
    const { log } = await start({ onError: (error) => errors.push(error) });
    await log.append('numbers', 0, [aRecord('1')]);
    await eventually(() => attempts === 3);
    expect(errors).toEqual([failure, failure]);
  });

  it('starts at the configured position', async () => {
    const seen: string[] = [];
    onRun = async (run) => void seen.push(...texts(run));
    const log = new InMemoryEventLog({ clock: realClock });
    await log.append('numbers', 0, [aRecord('old'), aRecord('new')]);
    await start({ log, from: () => ({ at: 'offset', offset: 1 }) });
    await eventually(() => seen.length === 1);
    expect(seen).toEqual(['new']);
  });

  it('waits for the current run when it closes', async () => {
    let isDone = false;
    let isStarted = false;
    onRun = async () => {
      isStarted = true;
      await new Promise((resolve) => setTimeout(resolve, 30));
      isDone = true;
    };
    const { log } = await start();
    await log.append('numbers', 0, [aRecord('1')]);
    await eventually(() => isStarted);
    await service?.close();
    expect(isDone).toBe(true);
  });

  it('delivers nothing of a paused topic until it is resumed', async () => {
    const seen: string[] = [];
    onRun = async (run) => void seen.push(...texts(run));
    const { log, strategy } = await start();
    strategy.pause('numbers');
    await log.append('numbers', 0, [aRecord('1')]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(seen).toEqual([]);
    strategy.resume('numbers');
    await eventually(() => seen.length === 1);
  });

  it('refuses a handler without a group', async () => {
    @Controller()
    class Nameless {
      @EventPattern('numbers')
      read(run: unknown): unknown {
        return run;
      }
    }
    @Module({ controllers: [Nameless] })
    class NamelessModule {}
    const log = new InMemoryEventLog({ clock: realClock });
    service = await createService(NamelessModule, new EventLogStrategy({ log }));
    await expect(service.listen()).rejects.toMatchObject({ code: 'HANDLER_INVALID' });
    service = undefined;
  });

  it('refuses two handlers of one topic', async () => {
    @Controller()
    class Second {
      @OnRuns('numbers', { group: 'others' })
      async read(): Promise<void> {
        return Promise.resolve();
      }
    }
    @Module({ controllers: [ReadingController, Second] })
    class TwoModule {}
    const log = new InMemoryEventLog({ clock: realClock });
    service = await createService(TwoModule, new EventLogStrategy({ log }));
    await expect(service.listen()).rejects.toMatchObject({ code: 'HANDLER_INVALID' });
    service = undefined;
  });
});
