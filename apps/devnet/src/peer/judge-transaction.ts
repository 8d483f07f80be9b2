import { common } from '@hyperledger/fabric-protos';
import type { OrderedTransaction, ReadWriteSet, ValidationCode } from '@medrex/ledger';
import { readEndorserTransaction, type EndorserTransaction } from '../block/endorser-transaction.ts';
import { openEnvelope, transactionIdOf, type OpenEnvelope } from '../block/envelope.ts';
import type { Identity, IdentityRegister } from '../identity/identity-register.ts';

export interface JudgeParts {
  readonly channel: string;
  readonly register: IdentityRegister;
}

/** A transaction of a block with the checks that need no state. */
export interface JudgedTransaction {
  readonly txId: string;
  readonly type: number;
  readonly transaction: EndorserTransaction | undefined;
  readonly endorsers: readonly Identity[];
  readonly verdict: ValidationCode;
}

/** Decodes a transaction without checking signatures, for blocks validated before. */
export function readTransaction(bytes: Uint8Array): Pick<JudgedTransaction, 'txId' | 'type' | 'transaction'> {
  try {
    const open = openEnvelope(common.Envelope.deserializeBinary(bytes));
    const [txId, type] = [open.channelHeader.getTxId(), open.channelHeader.getType()];
    const isEndorsed = type === common.HeaderType.ENDORSER_TRANSACTION;
    return { txId, type, transaction: isEndorsed ? readOrNothing(open) : undefined };
  } catch {
    return { txId: '', type: 0, transaction: undefined };
  }
}

function readOrNothing(open: OpenEnvelope): EndorserTransaction | undefined {
  try {
    return readEndorserTransaction(open);
  } catch {
    return undefined;
  }
}

const nothing: ReadWriteSet = { reads: [], ranges: [], writes: [] };

/** Checks signature, headers, id and structure of a transaction, like Fabric's core/common/validation. */
export function judgeTransaction(bytes: Uint8Array, parts: JudgeParts): JudgedTransaction {
  if (bytes.length === 0) return malformed('NIL_ENVELOPE');
  let open: OpenEnvelope;
  try {
    open = openEnvelope(common.Envelope.deserializeBinary(bytes));
  } catch {
    return malformed('BAD_PAYLOAD');
  }
  const seen = { txId: open.channelHeader.getTxId(), type: open.channelHeader.getType() };
  const code = checkHeaders(open, parts);
  if (code !== undefined) return { ...malformed(code), ...seen };
  try {
    const transaction = readEndorserTransaction(open);
    const endorsers = endorsersOf(transaction, parts.register);
    return { ...seen, transaction, endorsers, verdict: 'VALID' };
  } catch {
    return { ...malformed('INVALID_ENDORSER_TRANSACTION'), ...seen };
  }
}

/** The transaction in the form of the ledger model. */
export function orderedOf(judged: JudgedTransaction, verdict: ValidationCode): OrderedTransaction {
  const { transaction, txId } = judged;
  return {
    txId,
    chaincode: transaction?.chaincode ?? '',
    readWriteSet: transaction?.readWriteSet ?? nothing,
    verdict,
  };
}

function checkHeaders(
  { payload, signature, channelHeader, creator, nonce }: OpenEnvelope,
  parts: JudgeParts,
): ValidationCode | undefined {
  if (creator.length === 0 || nonce.length === 0 || channelHeader.getEpoch() !== 0) return 'BAD_COMMON_HEADER';
  try {
    parts.register.signer(creator, payload, signature);
  } catch {
    return 'BAD_CREATOR_SIGNATURE';
  }
  if (channelHeader.getType() !== common.HeaderType.ENDORSER_TRANSACTION) return 'UNSUPPORTED_TX_PAYLOAD';
  if (channelHeader.getTxId() !== transactionIdOf(nonce, creator)) return 'BAD_PROPOSAL_TXID';
  return channelHeader.getChannelId() === parts.channel ? undefined : 'TARGET_CHAIN_NOT_FOUND';
}

/** The distinct identities with valid endorsements; invalid ones are ignored, as in Fabric. */
function endorsersOf(transaction: EndorserTransaction, register: IdentityRegister): readonly Identity[] {
  const endorsers = new Map<string, Identity>();
  for (const endorsement of transaction.endorsements) {
    const endorser = endorsement.getEndorser_asU8();
    const message = Buffer.concat([transaction.responsePayload, endorser]);
    try {
      const identity = register.signer(endorser, message, endorsement.getSignature_asU8());
      endorsers.set(identity.certificate.fingerprint256, identity);
    } catch {
      // An unknown identity or invalid signature satisfies no policy.
    }
  }
  return [...endorsers.values()];
}

const malformed = (verdict: ValidationCode): JudgedTransaction => ({
  txId: '',
  type: 0,
  transaction: undefined,
  endorsers: [],
  verdict,
});
