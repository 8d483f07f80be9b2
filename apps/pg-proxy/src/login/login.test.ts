import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { md5Password, query, scramVerifier, sslRequest, writeVerifier } from '@medrex/pg-wire';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { ProxyRig, type RigOptions } from '../testing/proxy-rig.ts';
import { selfSigned } from '../testing/self-signed.ts';
import { tlsServerEndPoint, firstCertificate } from './tls-server-end-point.ts';

let rig: ProxyRig;
let pair: { certificate: string; key: string };
const sockets: Socket[] = [];
beforeAll(async () => {
  pair = await selfSigned();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await rig.close();
});

/** The proxy logs in upstream as somebody else, so that only the client's own login is looked at. */
const upstream = { databases: { app: { upstream: 'main', user: 'app', password: { file: 'password' } } } };
const start = async (method: string, users: string, more: Partial<RigOptions> = {}, mode = 'allow'): Promise<void> => {
  rig = await ProxyRig.start({
    users,
    files: { password: 'secret\n', 'cert.pem': pair.certificate, 'key.pem': pair.key },
    config: {
      ...upstream,
      listen: { port: 0, tls: { mode, certificate: 'cert.pem', key: 'key.pem' } },
      auth: { userFile: 'users.txt', method },
      ...more.config,
    },
  });
};
const plain = (): Socket => {
  const socket = connect({ host: '127.0.0.1', port: rig.port, noDelay: true });
  sockets.push(socket);
  return socket;
};
const answer = (socket: Socket): Promise<string> =>
  new Promise((resolve) => socket.once('data', (data: Buffer) => resolve(data.toString('latin1'))));
const secured = async (socket: Socket, ALPNProtocols?: string[]): Promise<TLSSocket> => {
  const tls = connectTls({
    socket,
    ca: pair.certificate,
    servername: 'localhost',
    ...(ALPNProtocols && { ALPNProtocols }),
  });
  sockets.push(tls);
  await new Promise((resolve) => tls.once('secureConnect', resolve));
  return tls;
};
/** By SSLRequest. */
const encrypted = async (): Promise<TLSSocket> => {
  const socket = plain();
  socket.write(sslRequest());
  expect(await answer(socket)).toBe('S');
  return secured(socket);
};
const verifier = writeVerifier(scramVerifier('secret', Buffer.alloc(16, 1), 4));

describe('TLS', () => {
  it('binds a login to its connection, after SSLRequest and directly', async () => {
    await start('scram-sha-256', '"app" "secret"\n');
    const endPoint = tlsServerEndPoint(firstCertificate(Buffer.from(pair.certificate)))!;
    for (const socket of [await encrypted(), await secured(plain(), ['postgresql'])]) {
      const client = await rig.in({ socket, endPoint });
      expect(client.mechanism).toBe('SCRAM-SHA-256-PLUS');
      expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
    }
  });

  it('refuses a login bound to another certificate', async () => {
    await start('scram-sha-256', '"app" "secret"\n');
    const client = rig.open({ socket: await encrypted(), endPoint: Buffer.alloc(32) });
    expect(await client.until('closed')).toEqual(['FATAL 28000 SCRAM channel binding check failed']);
  });

  it('accepts nothing sent before the handshake', async () => {
    await start('scram-sha-256', '"app" "secret"\n');
    const socket = plain();
    socket.write(Buffer.concat([sslRequest(), Buffer.from('x')]));
    expect(await answer(socket)).toContain('received unencrypted data after SSL request');
  });

  it('is accepted without SSLRequest only from clients that offer the protocol of PostgreSQL', async () => {
    await start('scram-sha-256', '"app" "secret"\n');
    expect(await answer(await secured(plain()))).toContain('without ALPN');
  });

  it('is required where configured, and refused where there is no certificate', async () => {
    await start('scram-sha-256', '"app" "secret"\n', {}, 'require');
    expect(await rig.open().until('closed')).toEqual(['FATAL 28000 this server accepts only TLS connections']);
    await rig.close();
    rig = await ProxyRig.start();
    const socket = plain();
    socket.write(sslRequest());
    expect(await answer(socket)).toBe('N');
  });
});

describe('the secret of a client', () => {
  it.each([
    ['md5', 'a plain secret', 'secret', 'md5'],
    ['md5', 'an md5 secret', md5Password('app', 'secret'), 'md5'],
    ['md5', 'a verifier', verifier, 'SCRAM-SHA-256'],
    ['scram-sha-256', 'a verifier', verifier, 'SCRAM-SHA-256'],
    ['trust', 'anything', 'other', ''],
  ])('is checked by method %s against %s', async (method, _what, secret, mechanism) => {
    await start(method, `"app" "${secret}"\n`);
    const client = await rig.in();
    expect(client.mechanism).toBe(mechanism);
    const told = 'FATAL 28P01 password authentication failed for user "app"';
    const wrong = rig.open({ password: 'wrong' });
    if (method !== 'trust') expect(await wrong.until('closed')).toEqual([told]);
    const nobody = await rig.open({ user: 'nobody' }).until('closed');
    const unknown = method === 'trust' ? 'FATAL 28000 role "nobody" does not exist' : told.replace('app', 'nobody');
    expect(nobody).toEqual([unknown]);
  });

  it('is not needed by method any, if the database logs all clients in as one user, and nowhere else', async () => {
    await start('any', '', {
      config: {
        databases: { ...upstream.databases, open: { upstream: 'main' } },
        auth: { method: 'any' },
        admin: { users: ['operator'] },
      },
    });
    const client = await rig.in({ user: 'nobody' });
    expect(client.mechanism).toBe('');
    expect(rig.postgres.backends.map(({ parameters }) => parameters.get('user'))).toEqual(['app']);
    const himself = await rig.open({ user: 'nobody', database: 'open' }).until('closed');
    expect(himself).toEqual([
      'FATAL 28000 method any needs a user for the upstream, from the database or from identities',
    ]);
  });

  it.each([
    ['a plain secret', 'secret'],
    ['an md5 secret', md5Password('app', 'secret')],
    ['a verifier', verifier],
  ])('may be a cleartext password over TLS, for %s', async (_what, secret) => {
    await start('password', `"app" "${secret}"\n`);
    expect(await rig.open().until('closed')).toEqual(['FATAL 28000 passwords are accepted only over TLS']);
    const client = await rig.in({ socket: await encrypted() });
    expect(client.mechanism).toBe('cleartext');
    const wrong = rig.open({ socket: await encrypted(), password: 'wrong' });
    expect(await wrong.until('closed')).toEqual(['FATAL 28P01 password authentication failed for user "app"']);
  });

  it('may not be a password whose check would block the whole proxy', async () => {
    const slow = writeVerifier(scramVerifier('secret', Buffer.from('salt'), 1_000_001));
    await start('password', `"app" "${slow}"\n`);
    const right = rig.open({ socket: await encrypted() });
    expect(await right.until('closed')).toEqual(['FATAL 28P01 password authentication failed for user "app"']);
  });

  it('must be used by SCRAM where nothing else is accepted', async () => {
    await start('scram-sha-256', `"app" "${md5Password('app', 'secret')}"\n`);
    expect(await rig.open().until('closed')).toEqual(['FATAL 28P01 password authentication failed for user "app"']);
  });

  it('if wrong is logged with the address and the reason, and counted', async () => {
    await start('scram-sha-256', `"app" "${verifier}"\n"old" "${md5Password('old', 'secret')}"\n`);
    await rig.open({ password: 'wrong' }).until('closed');
    await rig.open({ user: 'nobody' }).until('closed');
    await rig.open({ user: 'old' }).until('closed');
    await rig.open({ database: 'nowhere' }).until('closed');
    const told = rig.lines.filter(
      (line) => line.includes('"level":"warn"') && line.includes('"a connection was refused'),
    );
    const place = /"sqlstate":"28P01","address":"127\.0\.0\.1:\d+","reason":"(.*?)"/;
    expect(told.map((line) => place.exec(line)?.[1])).toEqual(['wrong_password', 'unknown_user', 'no_scram_secret']);
    expect(await (await fetch(rig.running.urls.metrics)).text()).toMatch(/^medrex_pg_proxy_logins_refused_total 4$/m);
  });

  it('that is late ends the connection without a message, as in PostgreSQL, and is logged', async () => {
    await start('scram-sha-256', `"app" "${verifier}"\n`, { config: { loginTimeoutMs: 200 } });
    const socket = plain();
    const heard: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => heard.push(chunk));
    await once(socket, 'close');
    expect(heard).toEqual([]);
    expect(rig.lines.join('')).toMatch(
      /"level":"warn".*"sqlstate":"57014","address":"127\.0\.0\.1:\d+","message":"a connection was refused/,
    );
  });

  it('of the proxy itself is logged with the address of the upstream if it fails', async () => {
    await start('scram-sha-256', `"app" "${verifier}"\n`);
    await rig.postgres.goAway();
    await rig.open().until('closed');
    expect(rig.lines.join('')).toMatch(
      /"sqlstate":"08\d{3}","address":"127\.0\.0\.1:\d+".*"a backend could not be opened"/,
    );
  });
});

describe('an application name', () => {
  it.each([
    ['x'.repeat(70), 'x'.repeat(63)],
    ['ä'.repeat(40), 'ä'.repeat(31)],
  ])('longer than a server keeps causes a notice at login: %s', async (name, kept) => {
    await start('trust', '"app" "secret"\n');
    const client = rig.open({ parameters: { application_name: name } });
    expect(await client.until('Z')).toEqual([
      `NOTICE 42622 identifier "${name}" will be truncated to "${kept}"`,
      'Z I',
    ]);
  });

  it('of ordinary length causes none', async () => {
    await start('trust', '"app" "secret"\n');
    const client = rig.open({ parameters: { application_name: 'x'.repeat(63) } });
    expect(await client.until('Z')).toEqual(['Z I']);
  });
});

describe('a password', () => {
  it('may be 60,000 bytes long', async () => {
    const password = 'p'.repeat(60_000);
    await start('password', `"app" "${password}"\n`);
    const client = await rig.in({ socket: await encrypted(), password });
    expect(client.mechanism).toBe('cleartext');
  });
});
