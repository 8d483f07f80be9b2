import { keyValueChaincode, ledgerContract } from '@medrex/ledger/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedLedger } from './embedded-ledger.ts';

const openWith = (options: object) => async (cutter: object) => {
  const directory = await mkdtemp(join(tmpdir(), 'medrex-ledger-'));
  const ledger = await EmbeddedLedger.open({ directory, chaincodes: [keyValueChaincode()], cutter, ...options });
  const close = async (): Promise<void> => {
    await ledger.close();
    await rm(directory, { recursive: true });
  };
  return { ledger, close };
};

ledgerContract('the embedded ledger', openWith({}));
// Next to nothing is served from memory: reads go to the database, or to the blocks that it does not hold yet.
ledgerContract('the embedded ledger without a cache', openWith({ cacheBytes: 0 }));
