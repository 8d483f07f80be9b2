import type { FabricLedger } from '@medrex/fabric';
import { flawedEnvelope, signersOf, type Flaw } from '@medrex/fabric/testing';
import type { Endorsement } from '@medrex/ledger';
import type { Network } from './carry-out.ts';

/** A network with Fabric's protocols, of real peers or emulated, with the key-value chaincode as `kv`. */
export async function fabricNetwork(
  ledger: FabricLedger,
  { profile, batchTimeoutMs }: { readonly profile: string; readonly batchTimeoutMs?: number },
): Promise<Network> {
  const signers = await signersOf(profile, ledger.channel);
  const sendFlawed = (endorsement: Endorsement, flaw: Flaw): Promise<void> => {
    if (!('envelope' in endorsement)) throw new Error('endorsed by another network');
    const envelope = flawedEnvelope(endorsement.envelope as Uint8Array, flaw, signers);
    return ledger.submit({ ...endorsement, envelope } as Endorsement);
  };
  return {
    ledger,
    chaincode: 'kv',
    sendFlawed,
    ...(batchTimeoutMs !== undefined && { batchTimeoutMs }),
    until: (work) => work,
  };
}
