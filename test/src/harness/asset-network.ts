import { randomBytes } from 'node:crypto';
import { DevelopmentNetwork } from '@medrex/devnet';
import { freePort } from '@medrex/contracts/testing';
import { chaincodePackage, NetworkAdmin } from '@medrex/fabric/testing';
import { serveAssets, type AssetKind, type ServedAssets } from './served-assets.ts';

/** A network with contracts like those of the Fabric samples. */
export interface AssetNetwork {
  readonly profile: string;
  /** Names of their chaincodes. */
  readonly names: Readonly<Record<AssetKind, string>>;
  close(): Promise<void>;
}

/** Deploys the contracts to a real network under unique names. */
export async function assetsOnFabric(profile: string, kinds: readonly AssetKind[]): Promise<AssetNetwork> {
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
  return { profile, names: { plain: `plain-${run}`, fused: `fused-${run}`, desk: `desk-${run}` }, close };
}

/** Starts a development network with the contracts. */
export async function assetsOnDevnet(kinds: readonly AssetKind[]): Promise<AssetNetwork> {
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
  return { profile: network.profile, names: { plain: 'plain', fused: 'fused', desk: 'desk' }, close };
}
