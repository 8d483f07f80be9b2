import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { sslRequest } from '@medrex/pg-wire';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { ProxyRig } from '../testing/proxy-rig.ts';
import { Authority, selfSigned, type PemPair } from '../testing/self-signed.ts';

let rig: ProxyRig;
let server: PemPair;
let app: PemPair;
let stranger: PemPair;
const sockets: TLSSocket[] = [];
beforeAll(async () => {
  [server, app, stranger] = await Promise.all([selfSigned(), selfSigned('app'), selfSigned('app')]);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await rig.close();
});

const start = async (clientCertificate: string, auth: object, files = {}, listed = {}): Promise<void> => {
  const names = { certificate: 'cert.pem', key: 'key.pem', clientCa: 'clients.pem' };
  rig = await ProxyRig.start({
    files: {
      password: 'secret',
      'cert.pem': server.certificate,
      'key.pem': server.key,
      'clients.pem': app.certificate,
      ...files,
    },
    config: {
      databases: { app: { upstream: 'main', user: 'app', password: { file: 'password' } } },
      auth: { userFile: 'users.txt', ...auth },
      admin: { users: ['guard'] },
      listen: { port: 0, tls: { ...names, clientCertificate, ...listed } },
    },
  });
};
const secured = async (pair?: PemPair, ca = server.certificate, more: ConnectionOptions = {}): Promise<TLSSocket> => {
  const socket = connect({ host: '127.0.0.1', port: rig.port });
  socket.write(sslRequest());
  await new Promise((resolve) => socket.once('data', resolve));
  const own: ConnectionOptions = pair === undefined ? {} : { cert: pair.certificate, key: pair.key };
  const tls = connectTls({ socket, ca, servername: 'localhost', ...own, ...more });
  sockets.push(tls);
  await new Promise((resolve, reject) => tls.once('secureConnect', resolve).once('error', reject));
  return tls;
};

describe('a client certificate', () => {
  it('admits the user that it names, and nobody else', async () => {
    await start('optional', { method: 'cert' });
    await rig.in({ socket: await secured(app), password: '' });
    for (const [pair, user, message] of [
      [app, 'other', 'certificate authentication failed for user "other"'],
      [stranger, 'app', 'connection requires a valid client certificate'],
      [undefined, 'app', 'connection requires a valid client certificate'],
    ] as const)
      expect(await rig.open({ socket: await secured(pair), user }).until('closed')).toEqual([`FATAL 28000 ${message}`]);
  });

  it('admits the users that a rule maps it to', async () => {
    const certificates = [{ name: 'app', user: 'ward' }, { name: 'app', user: 'lab' }, { name: 'root' }];
    await start('optional', { rules: [{ method: 'cert', certificates }] });
    await rig.in({ socket: await secured(app), user: 'ward', password: '' });
    await rig.in({ socket: await secured(app), user: 'lab', password: '' });
    for (const user of ['app', 'root'])
      expect(await rig.open({ socket: await secured(app), user }).until('closed')).toEqual([
        `FATAL 28000 certificate authentication failed for user "${user}"`,
      ]);
    await rig.close();
    await start('optional', { rules: [{ method: 'cert', certificates: [{ name: 'app' }] }] });
    await rig.in({ socket: await secured(app), user: 'anybody', password: '' });
  });

  it('admits only known users, where the configuration says so, and users of the console', async () => {
    const certificates = [{ name: 'app' }];
    await start('optional', { onlyKnown: true, rules: [{ method: 'cert', certificates }] });
    await rig.in({ socket: await secured(app), password: '' });
    await rig.in({ socket: await secured(app), user: 'guard', database: 'pgbouncer', password: '' });
    expect(await rig.open({ socket: await secured(app), user: 'stranger' }).until('closed')).toEqual([
      'FATAL 28000 certificate authentication failed for user "stranger"',
    ]);
    expect(rig.lines.join('')).toContain('"reason":"unknown_user"');
  });

  it('may be required of everybody, in addition to a password', async () => {
    await start('require', { method: 'scram-sha-256' });
    await rig.in({ socket: await secured(app) });
    expect(await rig.open({ socket: await secured() }).until('closed')).toEqual([
      'FATAL 28000 connection requires a valid client certificate',
    ]);
  });
});

describe('a revocation list', () => {
  const noCertificate = ['FATAL 28000 connection requires a valid client certificate'];

  it('excludes revoked certificates, is read again by RELOAD, and admits nobody after it has expired', async () => {
    const authority = await Authority.create();
    const [ward, lab] = await Promise.all([authority.issue('ward'), authority.issue('lab')]);
    const files = { 'clients.pem': authority.certificate, 'list.pem': await authority.revoke([ward]) };
    await start('optional', { method: 'cert' }, files, { clientCrl: 'list.pem' });
    const client = await rig.in({ socket: await secured(lab), user: 'lab', password: '' });
    const turnedAway = async (pair: PemPair, user: string): Promise<void> =>
      expect(await rig.open({ socket: await secured(pair), user }).until('closed')).toEqual(noCertificate);
    await turnedAway(ward, 'ward');
    writeFileSync(join(rig.folder, 'list.pem'), await authority.revoke([lab]));
    rig.running.reload();
    await rig.in({ socket: await secured(ward), user: 'ward', password: '' });
    await turnedAway(lab, 'lab');
    writeFileSync(join(rig.folder, 'list.pem'), await authority.revoke([], -1));
    rig.running.reload();
    await turnedAway(ward, 'ward');
    expect(client.isClosed).toBe(false);
    writeFileSync(join(rig.folder, 'list.pem'), 'nothing');
    expect(() => rig.running.reload()).toThrow('listen.tls: ');
  });
});

describe('a TLS version', () => {
  it('may be too old', async () => {
    await start('optional', { method: 'scram-sha-256' }, {}, { minVersion: 'TLSv1.3' });
    const client = await secured();
    expect(client.getProtocol()).toBe('TLSv1.3');
    await expect(secured(undefined, server.certificate, { maxVersion: 'TLSv1.2' })).rejects.toThrow('protocol version');
  });
});

describe('certificates', () => {
  it('are read again by RELOAD, and unusable ones are refused', async () => {
    await start('optional', { method: 'scram-sha-256' });
    const client = await rig.in({ socket: await secured() });
    const renewed = await selfSigned();
    writeFileSync(join(rig.folder, 'cert.pem'), renewed.certificate);
    expect(() => rig.running.reload()).toThrow('listen.tls: ');
    await secured();
    writeFileSync(join(rig.folder, 'key.pem'), renewed.key);
    rig.running.reload();
    await rig.in({ socket: await secured(undefined, renewed.certificate) });
    await expect(secured()).rejects.toThrow();
    expect(client.isClosed).toBe(false);
  });
});
