import { common, peer } from '@hyperledger/fabric-protos';
import type { Client } from '@grpc/grpc-js';
import { CodedError } from '@medrex/coded-error';
import { ledgerErrors } from '@medrex/ledger';
import { fabricErrors } from '../errors.ts';
import { callError } from '../grpc/call-error.ts';
import { duplexCall } from '../grpc/calls.ts';

const deliver = '/protos.Deliver/Deliver';

/** Events of one stream of full blocks. */
export interface DeliverHooks {
  readonly onBlock: (block: common.Block) => void;
  /** Called once; without an error when the requested range has been delivered. */
  readonly onEnd: (error?: CodedError) => void;
}

/** Opens a stream of full blocks from a peer; the returned function cancels it silently. */
export function deliverBlocks(
  client: Client,
  { name, seek }: { readonly name: string; readonly seek: Uint8Array },
  hooks: DeliverHooks,
): () => void {
  const stream = duplexCall(client, deliver, (bytes) => peer.DeliverResponse.deserializeBinary(bytes));
  let isOver = false;
  const end = (error?: CodedError): void => {
    if (isOver) return;
    isOver = true;
    stream.cancel();
    hooks.onEnd(error);
  };
  stream.on('data', (answer: peer.DeliverResponse) => {
    const block = answer.getBlock();
    if (isOver) return;
    if (block !== undefined) hooks.onBlock(block);
    else end(statusError(name, answer.getStatus()));
  });
  stream.on('error', (cause: Error) => end(callError(`${name}: blocks`, cause)));
  stream.on('end', () => end(callError(`${name}: blocks`, new Error('the peer ended the stream'))));
  stream.write(seek);
  return () => {
    isOver = true;
    stream.cancel();
  };
}

function statusError(name: string, status: number): CodedError | undefined {
  const { Status } = common;
  if (status === Status.SUCCESS) return undefined;
  const row =
    status === Status.FORBIDDEN
      ? fabricErrors.identityRefused
      : status === Status.NOT_FOUND
        ? ledgerErrors.blockPruned
        : ledgerErrors.ledgerUnavailable;
  return new CodedError(row, `${name}: blocks: the peer ended the stream with status ${status}`);
}
