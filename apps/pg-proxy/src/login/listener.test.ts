import { afterEach, describe, expect, it } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Listener } from './listener.ts';

let listener: Listener | undefined;
afterEach(() => listener?.close());

const hasIpv6 = Object.values(networkInterfaces()).some((of) => of?.some(({ address }) => address === '::1'));

/** From where somebody comes in at an address. */
const comesFrom = async (host: string, at: string): Promise<string> => {
  let came: (address: string) => void = () => undefined;
  const from = new Promise<string>((resolve) => (came = resolve));
  listener = await Listener.start({ host, port: 0 }, (socket: Socket) => {
    came(socket.remoteAddress ?? '');
    socket.destroy();
  });
  connect({ host: at, port: listener.port }).on('error', (error) => came(error.message));
  return from;
};

describe('a listener', () => {
  it.each([
    ['127.0.0.1, 127.0.0.2', '127.0.0.1', '127.0.0.1'],
    ['127.0.0.2,127.0.0.1', '127.0.0.1', '127.0.0.1'],
    ['*', '127.0.0.1', '127.0.0.1'],
    ['localhost', '127.0.0.1', '127.0.0.1'],
    ...(hasIpv6 ? [['*', '::1', '::1']] : []),
  ])('at %s accepts clients that connect to %s', async (host, at, from) => {
    expect(await comesFrom(host, at)).toBe(from);
  });

  it('reports an address on which it cannot listen, and then listens nowhere', async () => {
    const one = await Listener.start({ host: '127.0.0.1', port: 0 }, () => undefined);
    const both = { host: '127.0.0.2, 127.0.0.1', port: one.port };
    await expect(Listener.start(both, () => undefined)).rejects.toThrow(
      `port ${one.port} of 127.0.0.1 cannot be listened on: listen EADDRINUSE: `,
    );
    listener = await Listener.start({ ...both, host: '127.0.0.2' }, () => undefined);
    await one.close();
    await expect(Listener.start({ host: '203.0.113.1', port: 0 }, () => undefined)).rejects.toThrow(
      'port 0 of 203.0.113.1 cannot be listened on: listen EADDRNOTAVAIL: ',
    );
    await expect(Listener.start({ host: '203.0.113.1, 203.0.113.2', port: 0 }, () => undefined)).rejects.toThrow(
      'port 0 of 203.0.113.1 cannot be listened on: listen EADDRNOTAVAIL: ',
    );
    await expect(Listener.start({ host: 'nobody.invalid', port: 0 }, () => undefined)).rejects.toThrow(
      'nobody.invalid',
    );
  });

  it('continues without an address that the machine does not have (yet), and reports it', async () => {
    expect(await comesFrom('203.0.113.1, 127.0.0.1', '127.0.0.1')).toBe('127.0.0.1');
    expect(listener?.addresses).toEqual(['127.0.0.1']);
    expect(listener?.unavailable).toEqual([
      expect.stringMatching(/^port 0 of 203\.0\.113\.1 cannot be listened on: listen EADDRNOTAVAIL: /),
    ]);
  });
});
