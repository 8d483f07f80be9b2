import { keyValueChaincode } from '../testing/key-value-chaincode.ts';
import { ledgerContract } from '../testing/ledger-contract.ts';
import { VirtualTime } from '../testing/virtual-time.ts';
import { networkLatencies } from '../model/model-latencies.ts';
import { InMemoryLedger } from './in-memory-ledger.ts';

const openWith = (options: object) => async (cutter: object) => {
  const scheduler = new VirtualTime();
  scheduler.freeRun();
  const ledger = await InMemoryLedger.open({ chaincodes: [keyValueChaincode()], scheduler, cutter, ...options });
  return { ledger, close: () => ledger.close() };
};

ledgerContract('the in-memory ledger', openWith({}));
ledgerContract(
  'the in-memory ledger, three endorsers and the latencies of a network,',
  openWith({ organisations: ['Org1MSP', 'Org2MSP', 'Org3MSP'], latencies: networkLatencies }),
);
