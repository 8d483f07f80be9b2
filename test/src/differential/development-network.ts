import { DevelopmentNetwork, type FabricVersion } from '@medrex/devnet';
import { FabricLedger } from '@medrex/fabric';
import { freePort } from '@medrex/contracts/testing';
import { ChaincodeService } from '@medrex/fabric/testing';
import { keyValueChaincode } from '@medrex/ledger/testing/key-value-chaincode';
import type { Network } from './carry-out.ts';
import { fabricNetwork } from './fabric-network.ts';
import { historyLimits, organisations } from './history.ts';

/** A development network in this process, used for histories only. */
export interface DevelopmentPeers {
  readonly network: Network;
  down(): Promise<void>;
}

/** Long enough that no block is cut by time on a slow machine, in ms. */
const batchTimeoutMs = 3_600_000;

/**
 * @param fabric version to emulate; from 3.1 on, a chaincode message may have several reads or writes
 */
export async function developmentPeers(fabric: FabricVersion): Promise<DevelopmentPeers> {
  const address = `127.0.0.1:${await freePort()}`;
  const service = await ChaincodeService.start({ address, packageId: 'kv', chaincode: keyValueChaincode() });
  const devnet = await DevelopmentNetwork.start({
    chaincodes: [{ name: 'kv', address, version: '1' }],
    organisations: organisations.length,
    fabric,
    cutter: { ...historyLimits, batchTimeoutMs },
  });
  const { profile, channel } = devnet;
  const ledger = await FabricLedger.open({ profile, channel });
  return {
    network: { ...(await fabricNetwork(ledger, { profile })), cut: () => devnet.cut() },
    async down() {
      await ledger.close();
      await devnet.close();
      service.close();
    },
  };
}

/** The Fabric version to emulate for a label of real peers like "Hyperledger Fabric 2.5.16". */
export const behaviourOf = (label: string): FabricVersion => (label.includes(' 2.') ? '2.5' : '3.1');
