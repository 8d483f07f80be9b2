import { UsageError } from '../terminal/usage-error.ts';
import type { AuthorLedger, LedgerFlags } from './author-ledger.ts';
import { ModelAuthorLedger } from './model-author-ledger.ts';

/** The ledger that the flags name. What Fabric needs is loaded only where it is asked for. @throws UsageError */
export async function openAuthorLedger(flags: LedgerFlags): Promise<AuthorLedger> {
  const { profile, msp, channel, chaincode, ordererUrl } = flags;
  if ((profile === undefined) === (ordererUrl === undefined))
    throw new UsageError(
      'either --profile or --orderer-url is needed',
      'A connection profile for a Fabric network; for the embedded ledger the address of orderer-dag, as `medrex start` prints it.',
    );
  if (ordererUrl !== undefined) return new ModelAuthorLedger({ ordererUrl, channel, chaincode });
  const { FabricAuthorLedger } = await import('./fabric-author-ledger.ts');
  return FabricAuthorLedger.open({ profile: profile ?? '', channel, chaincode, ...(msp !== undefined && { msp }) });
}
