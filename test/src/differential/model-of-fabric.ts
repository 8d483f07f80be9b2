import { InMemoryLedger } from '@medrex/ledger/in-memory';
import { keyValueChaincode, VirtualTime } from '@medrex/ledger/testing';
import { historyLimits } from './history.ts';
import type { Network } from './carry-out.ts';

/** The ledger model in time that passes only as far as a history needs. */
export async function modelOfFabric(): Promise<Network> {
  const time = new VirtualTime();
  const ledger = await InMemoryLedger.open({
    chaincodes: [keyValueChaincode()],
    scheduler: time,
    cutter: historyLimits,
  });
  return { ledger, chaincode: 'kv', until: (work) => time.until(work) };
}
