import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { query, sslRequest } from '@medrex/pg-wire';
import { existsSync, linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { holds, ProxyRig } from '../testing/proxy-rig.ts';
import { WireClient } from '../testing/wire-client.ts';
import { Listener } from './listener.ts';
import { selfSigned } from '../testing/self-signed.ts';

let folder: string;
const listeners: Listener[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medrex-socket-'));
});
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
  rmSync(folder, { recursive: true });
});

const pathOf = (port: number): string => join(folder, `.s.PGSQL.${port}`);
/** @returns with whom clients of the socket come in */
const listen = async (came: string[], name: string, more: { reusePort?: boolean; mode?: string } = {}) => {
  const { mode = '0770', ...rest } = more;
  const listener = await Listener.start(
    { host: '', port: 6432, socket: { folder, mode }, ...rest },
    (socket, isLocal) => {
      came.push(`${name} ${isLocal}`);
      socket.destroy();
    },
  );
  listeners.push(listener);
  return listener;
};
const arrive = (): void => void connect({ path: pathOf(6432) }).on('error', () => undefined);

describe('a Unix socket', () => {
  it('is where libpq looks for it, with its mode, and removed at the end', async () => {
    const came: string[] = [];
    const listener = await listen(came, 'one');
    expect(statSync(pathOf(6432)).mode & 0o777).toBe(0o770);
    arrive();
    await holds(() => expect(came).toEqual(['one true']));
    await listener.close();
    expect(existsSync(pathOf(6432))).toBe(false);
  });

  it('needs its folder', async () => {
    const socket = { folder: join(folder, 'none'), mode: '0770' };
    const started = Listener.start({ host: '', port: 6432, socket }, () => undefined);
    await expect(started).rejects.toThrow(`cannot listen on the Unix socket: there is no folder ${socket.folder}`);
  });

  it('of a running process is left alone', async () => {
    const came: string[] = [];
    await listen(came, 'one');
    await expect(listen(came, 'two')).rejects.toThrow('is in use by a running process');
    arrive();
    await holds(() => expect(came).toEqual(['one true']));
  });

  it('of a dead process is replaced', async () => {
    const path = pathOf(6432);
    const left = createServer();
    await new Promise<void>((resolve) => left.listen(`${path}.before`, resolve));
    linkSync(`${path}.before`, path);
    await new Promise((resolve) => left.close(resolve));
    const came: string[] = [];
    await listen(came, 'one');
    arrive();
    await holds(() => expect(came).toEqual(['one true']));
  });

  it('passes to the next instance with reusePort, and stays there when the first one ends', async () => {
    const came: string[] = [];
    const first = await listen(came, 'one', { reusePort: true });
    await listen(came, 'two', { reusePort: true });
    arrive();
    await holds(() => expect(came).toEqual(['two true']));
    await first.close();
    expect(existsSync(pathOf(6432))).toBe(true);
  });

  it('of a running PostgreSQL is left alone', async () => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(pathOf(6432), resolve));
    writeFileSync(`${pathOf(6432)}.lock`, '1\n');
    await expect(listen([], 'one', { reusePort: true })).rejects.toThrow('is in use by a running process');
    await new Promise((resolve) => server.close(resolve));
  });

  it('replaces no other file', async () => {
    writeFileSync(pathOf(6432), 'precious');
    await expect(listen([], 'one')).rejects.toThrow('is not a socket');
  });
});

describe('clients of the Unix socket', () => {
  (process.platform === 'linux' ? it : it.skip)(
    'use the console as pgbouncer without a secret where they are whose the proxy is and the configuration says so',
    async () => {
      const listen = { port: 0, socket: { folder } };
      const asPgbouncer = { user: 'pgbouncer', database: 'pgbouncer', password: '' };
      const refused = ['FATAL 28P01 password authentication failed for user "pgbouncer"'];
      let rig = await ProxyRig.start({ config: { listen, admin: { ownUser: true } } });
      const bySocket = (): { socket: Socket } => ({ socket: connect({ path: pathOf(rig.port) }) });
      const console = await rig.in({ ...asPgbouncer, ...bySocket() });
      expect(await console.ask(query('PAUSE'))).toEqual(['C PAUSE', 'Z I']);
      expect(await console.ask(query('RESUME'))).toEqual(['C RESUME', 'Z I']);
      expect(await rig.open(asPgbouncer).until('closed')).toEqual(refused);
      expect(await rig.open({ database: 'pgbouncer', ...bySocket() }).until('closed')).toEqual([
        'FATAL 42501 this user may not use the console',
      ]);
      await rig.close();
      rig = await ProxyRig.start({ config: { listen, admin: { users: ['app'] } } });
      expect(await rig.open({ ...asPgbouncer, ...bySocket() }).until('closed')).toEqual(refused);
      await rig.close();
    },
  );

  it('send passwords without TLS, are offered none, and are shown as local, even another proxy', async () => {
    const { certificate, key } = await selfSigned();
    const rig = await ProxyRig.start({
      files: { 'cert.pem': certificate, 'key.pem': key },
      config: {
        admin: { users: ['app'] },
        auth: { userFile: 'users.txt', rules: [{ addresses: ['unix'], method: 'password' }] },
        listen: {
          port: 0,
          socket: { folder },
          tls: { mode: 'require', certificate: 'cert.pem', key: 'key.pem' },
        },
      },
    });
    const path = pathOf(rig.port);
    const bare = connect({ path });
    bare.write(sslRequest());
    expect(await new Promise((resolve) => bare.once('data', (data) => resolve(data.toString())))).toBe('N');
    bare.destroy();
    const client = await rig.in({ socket: connect({ path }) });
    expect(await client.ask(query('select 1'))).toContain('Z I');
    const console = await rig.in({ socket: connect({ path }), database: 'pgbouncer' });
    const seen = await console.ask(query('SHOW CLIENTS'));
    // With the port that the configuration says.
    expect(seen[1]).toContain('D C,app,app,none,idle,unix,0,unix,0,');
    expect(seen[2]).toContain('D C,app,pgbouncer,none,active,unix,0,unix,0,');
    const before = await ProxyRig.start({
      upstreams: { socket: { host: folder, port: rig.port } },
      config: { databases: { app: { upstream: 'socket' } } },
    });
    const through = await before.in();
    expect(await through.ask(query('select 1'))).toContain('Z I');
    await before.close();
    const stranger = WireClient.open({ port: rig.port, password: 'wrong', socket: connect({ path }) });
    expect(await stranger.until('FATAL')).toEqual([expect.stringContaining('28P01')]);
    await rig.close();
    expect(existsSync(path)).toBe(false);
  });

  (process.platform === 'linux' ? it : it.skip)(
    'come in as who they are to the system, or as whom a rule says, without a password',
    async () => {
      const { username } = userInfo();
      const rules = [
        {
          databases: ['pgbouncer'],
          addresses: ['unix'],
          method: 'peer',
          peers: [{ name: username, user: 'operator' }],
        },
        { addresses: ['unix'], method: 'peer' },
      ];
      const rig = await ProxyRig.start({
        files: { password: 'secret' },
        config: {
          admin: { users: ['operator', username] },
          databases: { app: { upstream: 'main', user: 'app', password: { file: 'password' } } },
          auth: { rules },
          listen: { port: 0, socket: { folder } },
        },
      });
      const path = pathOf(rig.port);
      const open = (user: string, database: string): WireClient =>
        rig.open({ socket: connect({ path }), user, database, password: 'none' });
      await open(username, 'app').until('Z I');
      await open('operator', 'pgbouncer').until('Z I');
      for (const [user, database] of [
        ['app', 'app'],
        [username, 'pgbouncer'],
      ] as const)
        expect(await open(user, database).until('closed')).toEqual([
          `FATAL 28000 Peer authentication failed for user "${user}"`,
        ]);
      expect(rig.lines.filter((line) => line.includes('"reason":"other_peer"'))).toHaveLength(2);
      await rig.close();
    },
  );
});
