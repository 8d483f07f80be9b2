import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { run } from '../processes/run.ts';
import type { Binaries } from './binaries.ts';
import type { FabricLayout } from './fabric-layout.ts';

/** Creates keys and certificates of every organisation, once. The configuration is JSON, which is valid YAML. */
export async function makeCrypto(context: Context, binaries: Binaries, layout: FabricLayout): Promise<void> {
  if (existsSync(layout.crypto)) return;
  mkdirSync(layout.folder, { recursive: true });
  const file = join(layout.folder, 'crypto-config.yaml');
  writeFileSync(file, JSON.stringify(cryptoConfig(context), null, 2));
  const unfinished = `${layout.crypto}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  await run(binaries.cryptogen, ['generate', `--config=${file}`, `--output=${unfinished}`], context.signal);
  renameSync(unfinished, layout.crypto);
}

const SANS = ['127.0.0.1', 'localhost'];

function cryptoConfig({ configuration, options }: Context): unknown {
  const { domain, host } = configuration.orderer;
  return {
    OrdererOrgs: [
      {
        Name: 'Orderer',
        Domain: domain,
        EnableNodeOUs: true,
        Specs: [{ Hostname: host.split('.')[0], CommonName: host, SANS }],
      },
    ],
    PeerOrgs: configuration.organizations.slice(0, options.organizations).map((organization) => ({
      Name: organization.name,
      Domain: organization.domain,
      EnableNodeOUs: true,
      Template: { Count: options.peers, SANS },
      Users: { Count: 1 },
    })),
  };
}
