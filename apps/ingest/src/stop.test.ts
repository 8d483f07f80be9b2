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

/** How long ingest takes to stop, ms. */
async function stopping(ingest: Harness): Promise<number> {
  const fromMs = performance.now();
  await Promise.race([ingest.close(), delay(10_000, undefined, { ref: false })]);
  return performance.now() - fromMs;
}

describe('a stop', () => {
  it.each([
    ['what it took from an intake topic', topics.receipts, false],
    ['what it refused of one', topics.intakeDlq, false],
    ['how an operation ended', topics.receipts, true],
  ])('waits until it has told %s only as long as its grace', async (_, silent, isSettled) => {
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

  it('does not wait for a connection on which nobody ever said anything', async () => {
    const ingest = await Harness.start({ contracts: [assetIntake], env: { INGEST_STOP_GRACE_MS: '60000' } });
    const { closed } = await connected(ingest.url);
    await (await fetch(`${ingest.url}/healthz`)).text(); // the server knows of the other connection by then
    expect(await stopping(ingest)).toBeLessThan(5_000);
    await closed;
  });

  it('waits for a request that is never finished only as long as its grace', async () => {
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
