import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { IngestClient } from '../client/ingest-client.ts';
import type { Load } from '../load/load-stream.ts';
import { fabricTransactionsIn } from './fabric-metrics.ts';
import { MedrexSide } from './medrex-side.ts';

let server: Server;
let streams: ServerResponse[];

/** An ingest that streams outcomes, and hangs up on whoever sends something. */
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
        atMs: at * 20,
        message: { id: `m-${at}`, source: 's', time: '2026-01-01T00:00:00Z', resource: { resourceType: 'Basic' } },
      };
  },
};

function side(fabricTransactions: () => Promise<ReturnType<typeof fabricTransactionsIn>>): MedrexSide {
  const client = new IngestClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return new MedrexSide({ client, fabricTransactions, seconds: 1, drainMs: 1_000 });
}

describe('a load on a Medrex that does not answer', () => {
  it('goes on by its schedule and counts what was not answered as failed', async () => {
    const result = await side(async () => fabricTransactionsIn('')).run(load);
    expect([result.offered, result.applied, result.failed]).toEqual([3, 0, 3]);
  });

  it('leaves no stream open when it cannot begin, which would keep the process', async () => {
    const running = side(() => Promise.reject(new Error('no metrics'))).run(load);
    await expect(running).rejects.toThrow('no metrics');
    const [stream] = streams;
    if (stream !== undefined && !stream.closed) await once(stream, 'close');
    expect(streams.map(({ closed }) => closed)).toEqual([true]);
  });
});
