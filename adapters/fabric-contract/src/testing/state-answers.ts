import { ledger, peer } from '@hyperledger/fabric-protos';
import type { StateKey } from '@medrex/keys';
import type { ChaincodeStub } from '@medrex/ledger';

type Entry = { readonly key: string; readonly value: Uint8Array };

/** Results in one message; small, so that tests see more than one. */
const pageSize = 3;

/** Answers the state messages of one transaction like a peer, from a stub of the ledger port. */
export class StateAnswers {
  readonly #stub: ChaincodeStub;
  readonly #queries = new Map<string, Entry[]>();

  constructor(stub: ChaincodeStub) {
    this.#stub = stub;
  }

  /** The payload of RESPONSE. @throws what the stub throws */
  async answer(type: number, payload: Uint8Array): Promise<Uint8Array> {
    const { Type } = peer.ChaincodeMessage;
    switch (type) {
      case Type.GET_STATE: {
        const key = peer.GetState.deserializeBinary(payload).getKey();
        return (await this.#stub.getState(key as StateKey)) ?? new Uint8Array();
      }
      case Type.GET_STATE_MULTIPLE:
        return this.#getStates(peer.GetStateMultiple.deserializeBinary(payload).getKeysList());
      case Type.PUT_STATE: {
        const put = peer.PutState.deserializeBinary(payload);
        this.#stub.putState(put.getKey() as StateKey, put.getValue_asU8());
        return new Uint8Array();
      }
      case Type.DEL_STATE:
        this.#stub.deleteState(peer.DelState.deserializeBinary(payload).getKey() as StateKey);
        return new Uint8Array();
      case Type.WRITE_BATCH_STATE:
        return this.#writeBatch(peer.WriteBatchState.deserializeBinary(payload));
      case Type.GET_STATE_BY_RANGE:
        return this.#range(peer.GetStateByRange.deserializeBinary(payload));
      case Type.QUERY_STATE_NEXT:
        return this.#page(peer.QueryStateNext.deserializeBinary(payload).getId());
      case Type.QUERY_STATE_CLOSE:
        this.#queries.clear();
        return new peer.QueryResponse().serializeBinary();
      default:
        throw new Error(`the stand-in for a peer answers no message of type ${type}`);
    }
  }

  async #getStates(keys: readonly string[]): Promise<Uint8Array> {
    const result = new peer.GetStateMultipleResult();
    for (const value of await this.#stub.getStates(keys as StateKey[])) result.addValues(value ?? new Uint8Array());
    return result.serializeBinary();
  }

  #writeBatch(batch: peer.WriteBatchState): Uint8Array {
    for (const write of batch.getRecList()) {
      const key = write.getKey() as StateKey;
      if (write.getType() === peer.WriteRecord.Type.PUT_STATE) this.#stub.putState(key, write.getValue_asU8());
      else if (write.getType() === peer.WriteRecord.Type.DEL_STATE) this.#stub.deleteState(key);
      else throw new Error('unknown operation type');
    }
    return new Uint8Array();
  }

  async #range(request: peer.GetStateByRange): Promise<Uint8Array> {
    const found: Entry[] = [];
    const { size, from } = pageOf(request);
    const start = from === '' ? request.getStartkey() : from;
    for await (const entry of this.#stub.getStateByRange(start, request.getEndkey())) found.push(entry);
    this.#queries.set('q', found.slice(0, size));
    return this.#page('q', size === Infinity ? undefined : found[size]?.key);
  }

  /** @param bookmark given when the client pages: where the next page begins */
  #page(id: string, bookmark?: string): Uint8Array {
    const waiting = this.#queries.get(id) ?? [];
    const response = new peer.QueryResponse();
    for (const { key, value } of waiting.splice(0, pageSize)) response.addResults(resultOf(key, value));
    response.setHasMore(waiting.length > 0);
    response.setId(id);
    const metadata = new peer.QueryResponseMetadata();
    metadata.setBookmark(bookmark ?? '');
    response.setMetadata(metadata.serializeBinary());
    return response.serializeBinary();
  }
}

function pageOf(request: peer.GetStateByRange): { readonly size: number; readonly from: string } {
  const bytes = request.getMetadata_asU8();
  if (bytes.length === 0) return { size: Infinity, from: '' };
  const metadata = peer.QueryMetadata.deserializeBinary(bytes);
  return { size: metadata.getPagesize(), from: metadata.getBookmark() };
}

function resultOf(key: string, value: Uint8Array): peer.QueryResultBytes {
  const kv = new ledger.queryresult.KV();
  kv.setKey(key);
  kv.setValue(value);
  const bytes = new peer.QueryResultBytes();
  bytes.setResultbytes(kv.serializeBinary());
  return bytes;
}
