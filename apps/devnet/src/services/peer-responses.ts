import { common, peer } from '@hyperledger/fabric-protos';
import { codesOf, envelopesOf, numberOf } from '../block/block.ts';
import { readTransaction } from '../peer/judge-transaction.ts';
import type { DeliverResponses, Status } from './deliver.ts';

function statusResponse(status: Status): peer.DeliverResponse {
  const response = new peer.DeliverResponse();
  response.setStatus(status);
  return response;
}

/** `Deliver/Deliver`: full blocks. */
export const fullBlocks: DeliverResponses<peer.DeliverResponse> = {
  status: statusResponse,
  block(block) {
    const response = new peer.DeliverResponse();
    response.setBlock(block);
    return response;
  },
};

/** `Deliver/DeliverWithPrivateData`: full blocks without private data, which the model does not have. */
export const blocksAndPrivateData: DeliverResponses<peer.DeliverResponse> = {
  status: statusResponse,
  block(block) {
    const both = new peer.BlockAndPrivateData();
    both.setBlock(block);
    const response = new peer.DeliverResponse();
    response.setBlockAndPrivateData(both);
    return response;
  },
};

/** `Deliver/DeliverFiltered`: transaction ids, validation codes and chaincode events without payload. */
export function filteredBlocks(channel: string): DeliverResponses<peer.DeliverResponse> {
  return {
    status: statusResponse,
    block(block) {
      const response = new peer.DeliverResponse();
      response.setFilteredBlock(filteredBlock(channel, block));
      return response;
    },
  };
}

function filteredBlock(channel: string, block: common.Block): peer.FilteredBlock {
  const filtered = new peer.FilteredBlock();
  filtered.setChannelId(channel);
  filtered.setNumber(numberOf(block));
  const codes = codesOf(block);
  filtered.setFilteredTransactionsList(
    envelopesOf(block).map((bytes, txNum) => filteredTransaction(bytes, codes[txNum] ?? 0)),
  );
  return filtered;
}

function filteredTransaction(bytes: Uint8Array, code: number): peer.FilteredTransaction {
  const { txId, type, transaction } = readTransaction(bytes);
  const filtered = new peer.FilteredTransaction();
  filtered.setTxid(txId);
  filtered.setType(type as common.HeaderTypeMap[keyof common.HeaderTypeMap]);
  filtered.setTxValidationCode(code as peer.TxValidationCodeMap[keyof peer.TxValidationCodeMap]);
  if (transaction === undefined) return filtered;
  const actions = new peer.FilteredTransactionActions();
  const action = new peer.FilteredChaincodeAction();
  if (transaction.event !== undefined) action.setChaincodeEvent(withoutPayload(transaction.event));
  actions.setChaincodeActionsList([action]);
  filtered.setTransactionActions(actions);
  return filtered;
}

function withoutPayload(event: peer.ChaincodeEvent): peer.ChaincodeEvent {
  const filtered = new peer.ChaincodeEvent();
  filtered.setChaincodeId(event.getChaincodeId());
  filtered.setTxId(event.getTxId());
  filtered.setEventName(event.getEventName());
  return filtered;
}
