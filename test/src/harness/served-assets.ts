import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/harness/serve-assets.js', import.meta.url));

/** The plain contract, the contract with executeBatch, or a contract that calls the first. */
export type AssetKind = 'plain' | 'fused' | 'desk';

export interface ServedAssets {
  stop(): Promise<void>;
}

/** Serves a contract like those of the samples as a chaincode service. */
export async function serveAssets(service: {
  readonly address: string;
  readonly packageId: string;
  readonly how: AssetKind;
}): Promise<ServedAssets> {
  const { address, packageId, how } = service;
  const child = spawn(process.execPath, ['--disable-warning=DeprecationWarning', main, address, packageId, how], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const failed = exited.then(() => {
    throw new Error(`the chaincode at ${address} did not start`);
  });
  failed.catch(() => undefined);
  await Promise.race([once(child.stdout, 'data'), failed]);
  return {
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
