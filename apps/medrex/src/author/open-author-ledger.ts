import { UsageError } from '../terminal/usage-error.ts';
import type { AuthorLedger, LedgerFlags } from './author-ledger.ts';
import { ModelAuthorLedger } from './model-author-ledger.ts';

/** Opens the ledger given by the flags. The Fabric client is loaded only when it is used. @throws UsageError */
export async function openAuthorLedger(flags: LedgerFlags): Promise<AuthorLedger> {
  const { profile, msp, channel, chaincode, ordererUrl } = flags;
  if ((profile === undefined) === (ordererUrl === undefined))
    throw new UsageError(
      '--profile or --orderer-url is required',
      'Give a connection profile for a Fabric network, or the address of orderer-dag on the embedded ledger, as printed by `medrex start`.',
    );
  if (ordererUrl !== undefined) return new ModelAuthorLedger({ ordererUrl, channel, chaincode });
  const { FabricAuthorLedger } = await import('./fabric-author-ledger.ts');
  return FabricAuthorLedger.open({ profile: profile ?? '', channel, chaincode, ...(msp !== undefined && { msp }) });
}
