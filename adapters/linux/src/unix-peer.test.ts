import { expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { isOwnPeer, unixPeer } from './unix-peer.ts';

const descriptorOf = (socket: Socket): number =>
  (socket as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;

(process.platform === 'linux' ? it : it.skip)(
  'finds the user of the process at the other end of a Unix socket',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'medrex-peer-'));
    const server = createServer();
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve));
    const client = connect(join(folder, 's'));
    const socket = await accepted;
    expect(await unixPeer(descriptorOf(socket))).toBe(userInfo().username);
    expect(isOwnPeer(descriptorOf(socket))).toBe(true);
    await expect(unixPeer(-1)).rejects.toThrow('errno 9');
    for (const each of [client, socket]) each.destroy();
    await new Promise((closed) => server.close(closed));
    rmSync(folder, { recursive: true });
  },
);
