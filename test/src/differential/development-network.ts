import { DevelopmentNetwork, type FabricVersion } from '@medrex/devnet';
import { FabricLedger } from '@medrex/fabric';
import { freePort } from '@medrex/contracts/testing';
import { ChaincodeService } from '@medrex/fabric/testing';
import { keyValueChaincode } from '@medrex/ledger/testing/key-value-chaincode';
import type { Network } from './carry-out.ts';
import { fabricNetwork } from './fabric-network.ts';
import { historyLimits, organisations } from './history.ts';

/** A development network in this process for histories alone. */
export interface DevelopmentPeers {
  readonly network: Network;
  down(): Promise<void>;
}

/** No block is cut by time: a machine may be as slow as it likes. */
const batchTimeoutMs = 3_600_000;

/**
 * @param fabric whose peers it is compared with: those of 3.1 take several reads or writes in one message of a chaincode
 */
export async function developmentPeers(fabric: FabricVersion): Promise<DevelopmentPeers> {
  const address = `127.0.0.1:${await freePort()}`;
  const service = await ChaincodeService.start({ address, packageId: 'kv', chaincode: keyValueChaincode() });
  const devnet = await DevelopmentNetwork.start({
    chaincodes: [{ name: 'kv', address, version: '1' }],
    ...{ organisations: organisations.length, fabric },
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

/** Which behaviour of the development network goes with real peers of a label like "Hyperledger Fabric 2.5.16". */
export const behaviourOf = (label: string): FabricVersion => (label.includes(' 2.') ? '2.5' : '3.1');
