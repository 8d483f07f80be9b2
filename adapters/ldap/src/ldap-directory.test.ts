import { describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { LdapDirectory } from './ldap-directory.ts';

const settings = { startTls: false, bind: 'uid={user},ou=people', timeoutMs: 500, connectionsMax: 2 };

describe('LdapDirectory', () => {
  it('rejects an empty password without asking a server', async () => {
    const directory = new LdapDirectory({ ...settings, urls: ['ldap://127.0.0.1:1'] });
    expect(await directory.isRight('app', '')).toBe(false);
  });

  it('rejects an empty name to bind as', async () => {
    const directory = new LdapDirectory({ ...settings, bind: '', urls: ['ldap://127.0.0.1:1'] });
    expect(await directory.isRight('app', 'right')).toBe(false);
  });

  it('reports how each server failed, and never the password', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const directory = new LdapDirectory({ ...settings, urls: ['ldap://127.0.0.1:1', `ldap://127.0.0.1:${port}`] });
    const error = (await directory.isRight('app', 'hidden').catch((one: unknown) => one)) as Error;
    expect(error).toMatchObject({ code: 'LDAP_UNAVAILABLE' });
    expect(error.message).toMatch(/^ldap:\/\/127\.0\.0\.1:1: ECONNREFUSED; ldap:\/\/127\.0\.0\.1:\d+: /);
    expect(error.message).not.toContain('hidden');
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it('limits its connections, and the wait for one', async () => {
    const open = new Set<Socket>();
    let openMax = 0;
    const silent = createServer((socket) => {
      socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
      openMax = Math.max(openMax, open.add(socket).size);
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const directory = new LdapDirectory({ ...settings, urls: [`ldap://127.0.0.1:${port}`] });
    const asked = ['a', 'b', 'c', 'd'].map((user) => directory.isRight(user, 'right').catch((one: unknown) => one));
    const codes = (await Promise.all(asked)).map((error) => (error as { code: string }).code);
    expect(codes).toEqual(Array.from({ length: 4 }, () => 'LDAP_UNAVAILABLE'));
    expect(openMax).toBeLessThanOrEqual(2);
    for (const socket of open) socket.destroy();
    silent.close();
  });
});
