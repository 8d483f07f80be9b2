import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

/** A contract that runs as a service in a separate process. */
export interface ServedContract {
  readonly address: string;
  stop(): Promise<void>;
}

const service = new URL('../../dist/testing/asset-service.js', import.meta.url);

/** Serves the asset contract with the unmodified shim, on a free port or a given address. */
export async function serveAssets(address?: string): Promise<ServedContract> {
  const at = address ?? `127.0.0.1:${await freePort()}`;
  const child = spawn(process.execPath, ['--disable-warning=DeprecationWarning', fileURLToPath(service), at], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await Promise.race([
    once(child.stdout, 'data'),
    exited.then(() => {
      throw new Error('the chaincode did not start');
    }),
  ]);
  return {
    address: at,
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** A currently free port. */
export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
