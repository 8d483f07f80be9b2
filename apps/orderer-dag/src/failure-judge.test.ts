import { describe, expect, it } from '@jest/globals';
import type { ChannelHealth } from './channel-health.ts';
import { FailureJudge } from './failure-judge.ts';
import { Flight } from './flight.ts';
import type { LiveOperation } from './live-operation.ts';
import { Suspects } from './suspects.ts';
import { ManualClock } from './testing/manual-clock.ts';

const operation = (seq: number): LiveOperation => ({
  seq,
  opId: String(seq),
  sourceHash: '',
  sealedName: '',
  item: 0,
  class: 'clinical',
  keys: [],
  day: '',
  bytes: new Uint8Array(),
  acceptedAtMs: 0,
  admittedAtMs: 0,
});

function aFlight(operations: readonly LiveOperation[], isAfterPassingProbe = true): Flight {
  const fusion = { id: 1, class: 1, operations: operations.map(({ seq }) => ({ seq, keys: [], class: 1, bytes: 0 })) };
  return new Flight({ txId: 't', fusion, operations, startedMs: 0, isAfterPassingProbe, startHeight: 0 });
}

/** A judge with scripted probe answers. */
function aJudge(probes: boolean[]) {
  const clock = new ManualClock();
  const events: string[] = [];
  const health: Pick<ChannelHealth, 'ask' | 'infrastructureFailed' | 'templateMissing' | 'carried'> = {
    ask: async () => probes.shift() ?? true,
    infrastructureFailed: () => void events.push('infrastructure failed'),
    templateMissing: () => void events.push('template missing'),
    carried: () => undefined,
  };
  const judge = new FailureJudge({
    health,
    suspects: new Suspects(),
    clock,
    holdBackMs: (failures) => failures * 100,
    onPoison: (seq) => void events.push(`poison ${seq}`),
    onStop: () => void events.push('stop'),
  });
  return { judge, clock, events };
}

const failure = new Error('refused');

describe('FailureJudge', () => {
  it('declares an operation poison after exactly three failures alone between passing probes', async () => {
    const { judge, events } = aJudge([]);
    const alone = [operation(7)];
    expect(await judge.judge(aFlight(alone, false), 'ask-probe', failure)).toBe('suspect');
    for (let strike = 1; strike < 3; strike++) await judge.judge(aFlight(alone), 'ask-probe', failure);
    expect(events).toEqual([]);
    await judge.judge(aFlight(alone), 'ask-probe', failure);
    expect(events).toEqual(['poison 7']);
  });

  it('counts no strikes while the probe fails', async () => {
    const { judge, events } = aJudge([false, false, false, false, false]);
    for (let tries = 0; tries < 5; tries++) {
      expect(await judge.judge(aFlight([operation(7)]), 'ask-probe', failure)).toBe('infrastructure');
    }
    expect(events).toEqual([]);
  });

  it('counts no strikes for operations that failed together, nor for a close', async () => {
    const { judge, events } = aJudge([]);
    const closed = { ...operation(9), closeReason: 'EXPIRED' } as const;
    for (let tries = 0; tries < 5; tries++) {
      expect(await judge.judge(aFlight([operation(7), operation(8)]), 'set', failure)).toBe('suspect');
      expect(await judge.judge(aFlight([closed]), 'set', failure)).toBe('suspect');
    }
    expect(events).toEqual([]);
  });

  it('holds back operations longer after each infrastructure failure, until something is carried', async () => {
    const { judge, clock, events } = aJudge([]);
    const waits: number[] = [];
    for (const isCarried of [false, false, true]) {
      if (isCarried) judge.carried();
      const from = clock.now();
      const judged = judge.judge(aFlight([operation(7)]), 'infrastructure', failure);
      void judged.then(() => waits.push(clock.now() - from));
      await clock.advance(1_000);
      expect(await judged).toBe('infrastructure');
    }
    expect([waits, events]).toEqual([
      [100, 200, 100],
      ['infrastructure failed', 'infrastructure failed', 'infrastructure failed'],
    ]);
  });

  it('stops, or waits for the upgrade, when no operation can be at fault', async () => {
    const { judge, events } = aJudge([]);
    expect(await judge.judge(aFlight([operation(7)]), 'stop', failure)).toBe('stop');
    expect(await judge.judge(aFlight([operation(7)]), 'template-missing', failure)).toBe('infrastructure');
    expect(events).toEqual(['stop', 'template missing']);
  });
});
