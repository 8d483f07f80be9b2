import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/harness/serve-assets.js', import.meta.url));

/** The contract as it is, the contract beside executeBatch, or the desk that calls the first. */
export type AssetKind = 'plain' | 'fused' | 'desk';

export interface ServedAssets {
  stop(): Promise<void>;
}

/** A contract of the samples' shape as a chaincode service. */
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
