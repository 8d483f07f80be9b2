import { common, msp, peer } from '@hyperledger/fabric-protos';
import { validationCodes, type Block, type CommittedTransaction, type ValidationCode } from '@medrex/ledger';
import { chaincodeAnswer } from './proposal-answer.ts';

const codeNames = new Map<number, ValidationCode>(
  Object.entries(validationCodes).map(([name, code]) => [code, name as ValidationCode]),
);

const emptyTransaction = {
  txId: '',
  creator: '',
  chaincode: '',
  fn: '',
  readWriteSet: { reads: [], ranges: [], writes: [] },
  payload: new Uint8Array(0),
};

/** A full block with all transactions, of any sender. Unreadable ones have their validation code only. */
export function blockOf(channel: string, message: common.Block): Block {
  const codes = message.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.TRANSACTIONS_FILTER];
  const transactions = (message.getData()?.getDataList_asU8() ?? []).map((bytes, txNum): CommittedTransaction => {
    const code = codeNames.get(codes?.[txNum] ?? validationCodes.NOT_VALIDATED) ?? 'INVALID_OTHER_REASON';
    return { ...emptyTransaction, ...contentOf(bytes), txNum, code };
  });
  return { channel, number: message.getHeader()?.getNumber() ?? 0, transactions };
}

type Content = Partial<Omit<CommittedTransaction, 'txNum' | 'code'>>;

/** A malformed envelope still has its place in the block; its readable parts are kept. */
function contentOf(bytes: Uint8Array): Content {
  let found: Content = {};
  try {
    const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(bytes).getPayload_asU8());
    const header = common.ChannelHeader.deserializeBinary(
      payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(0),
    );
    found = { txId: header.getTxId() };
    found = { ...found, creator: creatorOf(payload.getHeader()) };
    if (header.getType() !== common.HeaderType.ENDORSER_TRANSACTION) return found;
    return { ...found, ...transactionOf(payload.getData_asU8()) };
  } catch {
    return found;
  }
}

function creatorOf(header: common.Header | undefined): string {
  const signature = common.SignatureHeader.deserializeBinary(header?.getSignatureHeader_asU8() ?? new Uint8Array(0));
  return msp.SerializedIdentity.deserializeBinary(signature.getCreator_asU8()).getMspid();
}

function transactionOf(data: Uint8Array): Content {
  const [action] = peer.Transaction.deserializeBinary(data).getActionsList();
  if (action === undefined) return {};
  const payload = peer.ChaincodeActionPayload.deserializeBinary(action.getPayload_asU8());
  const endorsed = payload.getAction()?.getProposalResponsePayload_asU8() ?? new Uint8Array(0);
  const { chaincode, readWriteSet, response } = chaincodeAnswer(endorsed);
  return { chaincode, readWriteSet, payload: response.payload, fn: fnOf(payload.getChaincodeProposalPayload_asU8()) };
}

function fnOf(payload: Uint8Array): string {
  const input = peer.ChaincodeProposalPayload.deserializeBinary(payload).getInput_asU8();
  const invocation = peer.ChaincodeInvocationSpec.deserializeBinary(input);
  const [fn] = invocation.getChaincodeSpec()?.getInput()?.getArgsList_asU8() ?? [];
  return fn === undefined ? '' : Buffer.from(fn).toString();
}
