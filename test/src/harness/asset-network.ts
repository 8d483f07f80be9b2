import { randomBytes } from 'node:crypto';
import { DevelopmentNetwork } from '@medrex/devnet';
import { chaincodePackage, freePort, NetworkAdmin } from '@medrex/fabric/testing';
import { serveAssets, type ServedAssets } from './served-assets.ts';

/** A network with the samples' asset contract on it twice: as it is, and with executeBatch. */
export interface AssetNetwork {
  readonly profile: string;
  /** Name of the chaincode that is the contract as it is. */
  readonly plain: string;
  /** Name of the one with executeBatch. */
  readonly fused: string;
  close(): Promise<void>;
}

const kinds = ['plain', 'fused'] as const;

/** The contract on a real network, under names of its own. */
export async function assetsOnFabric(profile: string): Promise<AssetNetwork> {
  const admin = await NetworkAdmin.open(profile);
  const run = randomBytes(5).toString('hex');
  const served: ServedAssets[] = [];
  for (const how of kinds) {
    const address = `127.0.0.1:${await freePort()}`;
    const pack = chaincodePackage(`${how}-assets`, address);
    served.push(await serveAssets({ address, packageId: pack.id, how }));
    await admin.install(pack);
    await admin.commit({ name: `${how}-${run}`, packageId: pack.id });
  }
  await admin.close();
  const close = async (): Promise<void> => {
    for (const service of served) await service.stop();
  };
  return { profile, plain: `plain-${run}`, fused: `fused-${run}`, close };
}

/** The contract on a development network of its own. */
export async function assetsOnDevnet(): Promise<AssetNetwork> {
  const served: ServedAssets[] = [];
  const chaincodes: { name: string; address: string }[] = [];
  for (const how of kinds) {
    const address = `127.0.0.1:${await freePort()}`;
    served.push(await serveAssets({ address, packageId: `${how}:devnet`, how }));
    chaincodes.push({ name: how, address });
  }
  const network = await DevelopmentNetwork.start({ chaincodes, cutter: { batchTimeoutMs: 20 } });
  const close = async (): Promise<void> => {
    await network.close();
    for (const service of served) await service.stop();
  };
  return { profile: network.profile, plain: 'plain', fused: 'fused', close };
}
