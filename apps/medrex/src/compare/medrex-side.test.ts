import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IngestClient } from '../client/ingest-client.ts';
import type { Load } from '../load/load-stream.ts';
import { fabricTransactionsIn } from './fabric-metrics.ts';
import { MedrexSide } from './medrex-side.ts';

let server: Server;
let streams: ServerResponse[];

/** An ingest that streams outcomes, but disconnects every sender. */
beforeEach(async () => {
  streams = [];
  server = createServer((request, response) => {
    if (request.url !== '/v1/outcomes') return void request.socket.destroy();
    streams.push(response);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 2000\n\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const load: Load = {
  setup: [],
  *stream() {
    for (let at = 0; at < 3; at += 1)
      yield {
        atMs: at * 40,
        message: { id: `m-${at}`, source: 's', time: '2026-01-01T00:00:00Z', resource: { resourceType: 'Basic' } },
      };
  },
};

function side(fabricTransactions: () => Promise<ReturnType<typeof fabricTransactionsIn>>): MedrexSide {
  const client = new IngestClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return new MedrexSide({ client, fabricTransactions, seconds: 1, drainMs: 1_000 });
}

describe('a load on a Medrex that does not answer', () => {
  it('keeps its schedule and counts unanswered operations as failed', async () => {
    const result = await side(async () => fabricTransactionsIn('')).run(load);
    expect([result.offered, result.applied, result.failed]).toEqual([3, 0, 3]);
  });

  it('leaves no stream open when it cannot start, which would keep the process alive', async () => {
    const running = side(() => Promise.reject(new Error('no metrics'))).run(load);
    await expect(running).rejects.toThrow('no metrics');
    const [stream] = streams;
    if (stream !== undefined && !stream.closed) await once(stream, 'close');
    expect(streams.map(({ closed }) => closed)).toEqual([true]);
  });
});

/** An ingest whose receipts all have this status, and whose operations are applied at once. */
async function answering(status: number): Promise<Server> {
  let outcomes: ServerResponse | undefined;
  let next = 0;
  const answers = createServer((request, response) => {
    if (request.url === '/v1/outcomes') {
      outcomes = response;
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 2000\n\n');
    }
    let text = '';
    request.on('data', (part) => void (text += String(part)));
    request.on('end', () => {
      const items = text.split('\n').map(() => ({ status, transactionId: `t-${(next += 1)}` }));
      response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ items }));
      for (const { transactionId } of items)
        outcomes?.write(`data: ${JSON.stringify({ transactionId, state: 'applied' })}\n\n`);
    });
  });
  answers.listen(0, '127.0.0.1');
  await once(answers, 'listening');
  return answers;
}

describe('a load on a Medrex that answers', () => {
  let answers: Server;
  afterEach(() => {
    answers.closeAllConnections();
    answers.close();
  });
  const aSide = (seconds: number, signal?: AbortSignal) =>
    new MedrexSide({
      client: new IngestClient(`http://127.0.0.1:${(answers.address() as AddressInfo).port}`),
      fabricTransactions: async () => fabricTransactionsIn(''),
      seconds,
      drainMs: 30_000,
      ...(signal !== undefined && { signal }),
    });

  it('reports the rate offered until it was stopped', async () => {
    answers = await answering(202);
    const result = await aSide(100, AbortSignal.timeout(60)).run(load);
    expect(result).toMatchObject({ applied: result.offered, failed: 0 });
    expect(result.offeredPerSecond).toBeGreaterThan(1);
    expect(result.seconds).toBeLessThan(50);
  });

  it('sends a message about a patient only after earlier ones about that patient were answered', async () => {
    answers = await answering(202);
    const inFlight: string[] = [];
    const met: string[][] = [];
    const [answer] = answers.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
    answers.removeAllListeners('request');
    answers.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/v1/outcomes') return answer?.(request, response);
      met.push([...inFlight]);
      inFlight.push('a request about the patient');
      setTimeout(() => {
        inFlight.pop();
        answer?.(request, response);
      }, 100);
    });
    const ofOnePatient: Load = {
      setup: [],
      *stream() {
        for (const { atMs, message } of load.stream())
          yield {
            atMs,
            message: { ...message, resource: { resourceType: 'Basic', subject: { reference: 'Patient/p' } } },
          };
      },
    };
    expect(await aSide(1).run(ofOnePatient)).toMatchObject({ offered: 3, applied: 3 });
    expect(met.flat()).toEqual([]);
  });

  it('fails at once with the reason when its messages were sent before', async () => {
    answers = await answering(200);
    await expect(aSide(1).run(load)).rejects.toThrow('already has these messages');
    await expect(aSide(1).run({ ...load, setup: [...load.stream()].map(({ message }) => message) })).rejects.toThrow(
      'already has these messages',
    );
  });

  it('does not start when its setup was refused', async () => {
    answers = await answering(202);
    answers.removeAllListeners('request');
    answers.on('request', (_request, response: ServerResponse) => {
      const items = [{ status: 429, problem: { code: 'TOO_MANY_LIVE', detail: 'come later' } }];
      response.writeHead(207, { 'content-type': 'application/json' }).end(JSON.stringify({ items }));
    });
    const [first] = [...load.stream()].map(({ message }) => message);
    await expect(aSide(1).run({ ...load, setup: [first!] })).rejects.toThrow('TOO_MANY_LIVE come later');
  });
});
