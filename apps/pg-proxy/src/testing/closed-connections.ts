// Prints how many bytes of a closed connection survive collections of the young generation, for sessions of a known size. A process of its
// own (node --expose-gc), because V8's decision to promote objects depends on what else the process has done.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { openRing } from '../open-ring.ts';
import { acceptByRing, withReusedBuffer } from '../session/backend/read-socket.ts';

const connections = 150;
const [by = '', words = '0'] = process.argv.slice(2);
const ring = openRing({ ioUring: by !== 'event loop' }, { unavailable: () => undefined, failed: () => undefined });
const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
await once(server, 'listening');
if (by === 'ring from the beginning' && ring !== undefined) acceptByRing(server, ring);

async function comeAndGo(): Promise<void> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const session = Array.from({ length: Number(words) }, () => 0);
  const far = withReusedBuffer((await accepted)[0], () => session.length > 0, ring);
  far.socket.on('error', () => session.length);
  far.socket.on('drain', () => session.length);
  far.start();
  const closed = once(far.socket, 'close');
  near.destroy();
  await closed;
}

function heapWithoutTheYoung(): number {
  // Objects that survive one collection get another chance.
  for (let time = 0; time < 3; time++) globalThis.gc?.({ type: 'minor' });
  return process.memoryUsage().heapUsed;
}

const before = heapWithoutTheYoung();
for (let at = 0; at < connections; at++) await comeAndGo();
console.log(Math.round((heapWithoutTheYoung() - before) / connections));
server.close();
ring?.close();
