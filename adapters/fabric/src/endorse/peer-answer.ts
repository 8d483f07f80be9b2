import { peer } from '@hyperledger/fabric-protos';
import { CodedError, type ErrorDescription } from '@medrex/coded-error';
import { ledgerErrors, type ChaincodeResponse, type EndorserAnswer } from '@medrex/ledger';
import { shortened } from '../grpc/call-error.ts';
import { chaincodeAnswer, chaincodeResponse } from '../wire/proposal-answer.ts';

const nothing = { reads: [], ranges: [], writes: [] };

/** An endorser's answer, with the parts that the envelope needs. */
export interface PeerAnswer extends EndorserAnswer {
  /** ProposalResponsePayload as signed; empty for a refusal. */
  readonly payload: Uint8Array;
  readonly endorsement: peer.Endorsement | undefined;
}

/** Messages of a status 500 from the peer itself, not the chaincode; the first matching row counts. */
const peerFailures: readonly (readonly [RegExp, ErrorDescription])[] = [
  [/^channel '.*' not found/, ledgerErrors.channelUnknown],
  [/make sure the chaincode .* has been successfully defined/, ledgerErrors.chaincodeMissing],
  [/could not launch chaincode|chaincode stream terminated|claimed to start chaincode/, ledgerErrors.ledgerUnavailable],
  [
    /error sending|premature execution|failed to obtain|could not get (state|tx)|txsimulator/i,
    ledgerErrors.ledgerUnavailable,
  ],
];

/** The peer's message when a chaincode threw an exception or exceeded its `executetimeout`. */
const chaincodeFailure = /transaction returned with failure: ([\s\S]*)$|(timeout expired while executing transaction)/;

/**
 * Reads the answer of one endorser. From status 400 on the chaincode refused; for a bare 500 the peer itself failed, as
 * its message tells. An unknown message counts as a refusal, and a probe finds out.
 * @throws CodedError CHANNEL_UNKNOWN, CHAINCODE_MISSING, LEDGER_UNAVAILABLE
 */
export function peerAnswer(
  who: { readonly organisation: string; readonly what: string },
  message: peer.ProposalResponse,
): PeerAnswer {
  const { organisation, what } = who;
  const response = chaincodeResponse(message.getResponse());
  const payload = message.getPayload_asU8();
  const endorsement = message.getEndorsement();
  if (endorsement !== undefined) return { organisation, endorsement, payload, ...chaincodeAnswer(payload) };
  const refusal = payload.length > 0 ? response : withPeerMessage(response, what);
  return {
    organisation,
    endorsement,
    payload: new Uint8Array(0),
    chaincodeVersion: '',
    response: refusal,
    readWriteSet: nothing,
  };
}

/** The response of a chaincode, from the answer of a peer. Throws as `peerAnswer`. */
export function evaluated(what: string, message: peer.ProposalResponse): ChaincodeResponse {
  const response = chaincodeResponse(message.getResponse());
  return message.getPayload_asU8().length > 0 ? response : withPeerMessage(response, what);
}

function withPeerMessage(response: ChaincodeResponse, what: string): ChaincodeResponse {
  if (response.status !== 500) return response;
  const [, failure, timeout] = chaincodeFailure.exec(response.message) ?? [];
  const message = failure ?? timeout;
  if (message !== undefined) return { ...response, message };
  const row = peerFailures.find(([pattern]) => pattern.test(response.message))?.[1];
  if (row !== undefined) throw new CodedError(row, `${what}: ${shortened(response.message)}`);
  return response;
}
