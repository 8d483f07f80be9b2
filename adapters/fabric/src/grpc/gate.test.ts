import { describe, expect, it } from '@jest/globals';
import { Gate } from './gate.ts';

/** Work that ends on demand. */
function work() {
  let end: (error?: Error) => void = () => undefined;
  const started: string[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve() : reject(error));
  });
  return { started, end, run: () => ended };
}

describe('Gate', () => {
  it('runs calls up to the limit, and the others in order', async () => {
    const gate = new Gate('peers', { limit: 2, waitingMax: 10 });
    const [first, second, third, fourth] = [work(), work(), work(), work()] as const;
    const order: string[] = [];
    const calls = [first, second, third, fourth].map((one, at) =>
      gate.run(async () => {
        order.push(`begins ${at}`);
        await one.run();
      }),
    );
    expect(gate.status).toEqual({ inFlight: 2, waiting: 2, limit: 2 });
    second.end();
    await calls[1];
    first.end();
    await calls[0];
    expect(order).toEqual(['begins 0', 'begins 1', 'begins 2', 'begins 3']);
    expect(gate.status).toEqual({ inFlight: 2, waiting: 0, limit: 2 });
    third.end();
    fourth.end();
    await Promise.all(calls);
    expect(gate.status).toEqual({ inFlight: 0, waiting: 0, limit: 2 });
  });

  it('reports the waiting time of each call', async () => {
    const gate = new Gate('peers', { limit: 1, waitingMax: 10 });
    const waits: number[] = [];
    gate.onWaited = (waitedMs) => void waits.push(waitedMs);
    await Promise.all([gate.run(async () => undefined), gate.run(async () => undefined)]);
    expect(waits).toHaveLength(2);
  });

  it('passes the slot of a failed call to the next', async () => {
    const gate = new Gate('peers', { limit: 1, waitingMax: 10 });
    const failing = work();
    const failed = gate.run(failing.run);
    const next = gate.run(async () => 'ran');
    failing.end(new Error('gone'));
    await expect(failed).rejects.toThrow('gone');
    await expect(next).resolves.toBe('ran');
  });

  it('refuses calls when the queue is full', async () => {
    const gate = new Gate('peers', { limit: 1, waitingMax: 1 });
    const held = work();
    const calls = [gate.run(held.run), gate.run(async () => undefined)];
    await expect(gate.run(async () => undefined)).rejects.toMatchObject({
      code: 'LEDGER_UNAVAILABLE',
      retryable: true,
    });
    held.end();
    await Promise.all(calls);
  });
});
