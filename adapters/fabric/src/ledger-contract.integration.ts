import { afterAll, beforeAll } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { defaultBlockCutterLimits } from '@medrex/ledger';
import { ledgerContract } from '@medrex/ledger/testing';
import { KeyValueNetwork } from './testing/key-value-network.ts';

describeReal('FABRIC', 'a channel of real peers', (profile) => {
  let network: KeyValueNetwork;
  beforeAll(async () => {
    network = await KeyValueNetwork.open(profile);
  });
  afterAll(async () => {
    await network.close();
  });

  ledgerContract('a Fabric network', (limits) => network.ledger({ ...defaultBlockCutterLimits, ...limits }));
});
