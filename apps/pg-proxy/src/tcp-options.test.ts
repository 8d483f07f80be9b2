import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { RingSockets } from '@medrex/linux';
import { Listener } from './login/listener.ts';
import { openRing } from './open-ring.ts';
import { connectPlain } from './upstream/connect.ts';

const sockets: Socket[] = [];
let listener: Listener | undefined;
let ring: RingSockets | undefined;
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener?.close();
  ring?.close();
});

/** Whether the system will ask the other end of a connection whether it is there; Linux has its timers in a file. */
const isAsked = (end: string, port: number): boolean => {
  const at = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const any = ':\\w+';
  const [local, remote] = end === 'local' ? [at, any] : [any, at];
  // Established, the queues, the timer of keep-alive.
  const line = new RegExp(`^ *\\d+: \\w+${local} \\w+${remote} 01 \\w+:\\w+ 02:`, 'm');
  return line.test(readFileSync('/proc/net/tcp', 'utf8'));
};

(process.platform === 'linux' ? describe : describe.skip)('an end of a connection that says nothing', () => {
  it.each([
    ['local', 'the event loop'],
    ['remote', 'the event loop'],
    ['local', 'a ring, where there is one'],
  ])('is probed when silent: the %s one, by %s', async (end, by) => {
    ring = openRing({ ioUring: by.startsWith('a ring') }, { unavailable: () => undefined, failed: () => undefined });
    listener = await Listener.start({ host: '127.0.0.1', port: 0 }, (socket) => sockets.push(socket), ring);
    const at = { host: '127.0.0.1', port: listener.port };
    sockets.push(end === 'local' ? connect(at) : connectPlain(at));
    expect(await eventually(() => isAsked(end, at.port))).toBe(true);
  });
});
