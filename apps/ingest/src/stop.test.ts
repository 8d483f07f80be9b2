import { describe, expect, it } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { topics } from '@medrex/contracts';
import { InMemoryEventLog } from '@medrex/contracts/in-memory';
import { eventually, realClock } from '@medrex/contracts/testing';
import { assetIntake } from './testing/asset-intake.ts';
import { Harness } from './testing/harness.ts';

const graceMs = 300;

async function connected(url: string, text = ''): Promise<{ readonly socket: Socket; readonly closed: Promise<void> }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  if (text !== '') socket.write(text);
  return { socket, closed };
}

/** Stops ingest and returns how long that takes, in ms. */
async function stopping(ingest: Harness): Promise<number> {
  const fromMs = performance.now();
  await Promise.race([ingest.close(), delay(10_000, undefined, { ref: false })]);
  return performance.now() - fromMs;
}

describe('a stop', () => {
  it.each([
    ['the receipt of an accepted message', topics.receipts, false],
    ['a refused message', topics.intakeDlq, false],
    ['the receipt of a terminal operation', topics.receipts, true],
  ])('waits until %s is written for at most the grace period', async (_, silent, isSettled) => {
    const log = new InMemoryEventLog({ clock: realClock });
    const ingest = await Harness.start({
      contracts: [assetIntake],
      log,
      env: { INGEST_STOP_GRACE_MS: String(graceMs) },
    });
    const append = log.append.bind(log);
    let asked = 0;
    const stopAnswering = (): void => {
      log.append = (topic, partition, records) => {
        if (topic !== silent) return append(topic, partition, records);
        asked += 1;
        return new Promise(() => undefined);
      };
    };
    if (!isSettled) stopAnswering();
    const known = { value: Buffer.from('{"do":"deposit","account":"ann","amount":1}') };
    await append(topics.intake, 0, [silent === topics.intakeDlq ? { value: Buffer.from('{') } : known]);
    if (isSettled) {
      await eventually(async () => (await ingest.receipts()).length === 1);
      stopAnswering();
      await ingest.settle(await ingest.operations());
    }
    await eventually(() => asked > 0);
    expect(await stopping(ingest)).toBeLessThan(5_000);
    expect(await log.committed('ingest', topics.intake, 0)).toBe(isSettled ? 1 : undefined);
  });

  it('does not wait for a connection on which nothing was sent', async () => {
    const ingest = await Harness.start({ contracts: [assetIntake], env: { INGEST_STOP_GRACE_MS: '60000' } });
    const { closed } = await connected(ingest.url);
    await (await fetch(`${ingest.url}/healthz`)).text(); // by now the server has accepted the other connection
    expect(await stopping(ingest)).toBeLessThan(5_000);
    await closed;
  });

  it('waits for an unfinished request for at most the grace period', async () => {
    const ingest = await Harness.start({
      contracts: [assetIntake],
      env: { INGEST_STOP_GRACE_MS: String(graceMs) },
    });
    const half = 'POST /v1/transactions HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{';
    const { closed } = await connected(ingest.url, half);
    await (await fetch(`${ingest.url}/healthz`)).text();
    const tookMs = await stopping(ingest);
    expect([tookMs >= graceMs - 50, tookMs < 5_000]).toEqual([true, true]);
    await closed;
  });
});
