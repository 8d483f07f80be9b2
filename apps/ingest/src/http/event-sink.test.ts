import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { sinkOf } from './event-sink.ts';

let server: Server;
let reader: Socket;
afterEach(() => {
  reader.destroy();
  server.close();
});

/** The response to a client that has not read any of it yet. */
async function unreadResponse(): Promise<ServerResponse> {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  reader = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  reader.on('error', () => undefined);
  reader.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  return response;
}

const event = `data: ${'x'.repeat(1024 * 1024)}\n\n`;

describe('a stream that has ended', () => {
  it('is closed, with its buffered events, when the client has stopped reading', async () => {
    const response = await unreadResponse();
    const sink = sinkOf(response, 200);
    for (let count = 0; count < 32; count += 1) sink.write(event);
    expect(sink.waitingBytes).toBeGreaterThan(0);
    sink.end();
    await once(response, 'close');
    expect(response.writableFinished).toBe(false);
  });

  it('is delivered in full, with its end, to a client that goes on reading', async () => {
    const response = await unreadResponse();
    const sink = sinkOf(response, 5_000);
    for (let count = 0; count < 32; count += 1) sink.write(event);
    sink.end();
    let end = '';
    reader.on('data', (part) => void (end = (end + String(part)).slice(-16)));
    reader.resume();
    while (!end.endsWith('0\r\n\r\n')) await once(reader, 'data');
    expect(response.writableFinished).toBe(true);
  });
});
