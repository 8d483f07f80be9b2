import { connect, createServer, type AddressInfo } from 'node:net';

const checksMax = 500;
const checkEveryMs = 20;

/** A free port on loopback. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Until something listens there. @throws Error after ten seconds */
export async function untilListens(port: number, what: string): Promise<void> {
  for (let check = 0; check < checksMax; check += 1) {
    if (await listens(port)) return;
    await new Promise((wait) => setTimeout(wait, checkEveryMs));
  }
  throw new Error(`${what} does not listen`);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
