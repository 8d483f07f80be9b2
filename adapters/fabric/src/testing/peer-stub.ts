import { common, ledger, msp, peer } from '@hyperledger/fabric-protos';
import type { StateKey } from '@medrex/keys';
import type { ChaincodeStub } from '@medrex/ledger';
import { messageOf } from './chaincode-service.ts';

type Message = peer.ChaincodeMessage;
const { Type } = peer.ChaincodeMessage;

/** How many reads or writes a peer accepts in one message: Fabric 3.1 and later. */
export interface BatchOffer {
  readonly readsMax: number;
  readonly writesMax: number;
}

/**
 * The stub of one transaction, whose state is on a peer. The peer answers one request of a transaction at a time; reads
 * of several keys and all writes use batch messages if it offers them.
 */
export class PeerStub implements ChaincodeStub {
  readonly txId: string;
  readonly channel: string;
  readonly creator: string;
  /** Clients of the peer in tests are never administrators. */
  readonly isAdministrator = false;
  event: peer.ChaincodeEvent | undefined;
  readonly #send: (message: Message) => void;
  readonly #offer: BatchOffer | undefined;
  readonly #writes: peer.WriteRecord[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #onAnswer: ((message: Message) => void) | undefined;

  constructor(transaction: Message, send: (message: Message) => void, offer?: BatchOffer) {
    this.txId = transaction.getTxid();
    this.channel = transaction.getChannelId();
    this.creator = creatorOf(transaction.getProposal());
    this.#send = send;
    this.#offer = offer;
  }

  take(message: Message): void {
    this.#onAnswer?.(message);
  }

  /** Resolves when every write was accepted. */
  async settled(): Promise<void> {
    const most = this.#offer?.writesMax ?? 1;
    while (this.#writes.length > 0) {
      const batch = new peer.WriteBatchState();
      batch.setRecList(this.#writes.splice(0, most));
      void this.#ask(Type.WRITE_BATCH_STATE, batch.serializeBinary());
    }
    await this.#last;
  }

  async getState(key: StateKey): Promise<Uint8Array | undefined> {
    const request = new peer.GetState();
    request.setKey(key);
    const value = await this.#ask(Type.GET_STATE, request.serializeBinary());
    return value.length === 0 ? undefined : value;
  }

  async getStates(keys: readonly StateKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    const values: (Uint8Array | undefined)[] = [];
    const most = this.#offer?.readsMax;
    if (most === undefined) for (const key of keys) values.push(await this.getState(key));
    else
      for (let at = 0; at < keys.length; at += most) values.push(...(await this.#getMany(keys.slice(at, at + most))));
    return values;
  }

  putState(key: StateKey, value: Uint8Array): void {
    if (this.#offer !== undefined) return this.#write(peer.WriteRecord.Type.PUT_STATE, key, value);
    const request = new peer.PutState();
    request.setKey(key);
    request.setValue(value);
    void this.#ask(Type.PUT_STATE, request.serializeBinary());
  }

  deleteState(key: StateKey): void {
    if (this.#offer !== undefined) return this.#write(peer.WriteRecord.Type.DEL_STATE, key);
    const request = new peer.DelState();
    request.setKey(key);
    void this.#ask(Type.DEL_STATE, request.serializeBinary());
  }

  async *getStateByRange(
    start: string,
    end: string,
  ): AsyncGenerator<{ readonly key: StateKey; readonly value: Uint8Array }> {
    const request = new peer.GetStateByRange();
    request.setStartkey(start);
    request.setEndkey(end);
    let page = peer.QueryResponse.deserializeBinary(
      await this.#ask(Type.GET_STATE_BY_RANGE, request.serializeBinary()),
    );
    try {
      for (;;) {
        for (const result of page.getResultsList()) {
          const line = ledger.queryresult.KV.deserializeBinary(result.getResultbytes_asU8());
          yield { key: line.getKey() as StateKey, value: line.getValue_asU8() };
        }
        if (!page.getHasMore()) return;
        const next = new peer.QueryStateNext();
        next.setId(page.getId());
        page = peer.QueryResponse.deserializeBinary(await this.#ask(Type.QUERY_STATE_NEXT, next.serializeBinary()));
      }
    } finally {
      const close = new peer.QueryStateClose();
      close.setId(page.getId());
      await this.#ask(Type.QUERY_STATE_CLOSE, close.serializeBinary());
    }
  }

  setEvent(name: string, payload: Uint8Array): void {
    this.event = new peer.ChaincodeEvent();
    this.event.setEventName(name);
    this.event.setPayload(payload);
  }

  async #getMany(keys: readonly StateKey[]): Promise<readonly (Uint8Array | undefined)[]> {
    const request = new peer.GetStateMultiple();
    request.setKeysList([...keys]);
    const answer = await this.#ask(Type.GET_STATE_MULTIPLE, request.serializeBinary());
    const values = peer.GetStateMultipleResult.deserializeBinary(answer).getValuesList_asU8();
    return values.map((value) => (value.length === 0 ? undefined : value));
  }

  #write(type: ReturnType<peer.WriteRecord['getType']>, key: StateKey, value?: Uint8Array): void {
    const record = new peer.WriteRecord();
    record.setType(type);
    record.setKey(key);
    if (value !== undefined) record.setValue(value);
    this.#writes.push(record);
  }

  #ask(type: Parameters<typeof messageOf>[0], payload: Uint8Array): Promise<Uint8Array> {
    const asked = this.#last.then(
      () =>
        new Promise<Uint8Array>((resolve, reject) => {
          this.#onAnswer = (answer) => {
            if (answer.getType() === Type.ERROR) reject(new Error(Buffer.from(answer.getPayload_asU8()).toString()));
            else resolve(answer.getPayload_asU8());
          };
          this.#send(messageOf(type, { payload, channel: this.channel, txId: this.txId }));
        }),
    );
    this.#last = asked;
    asked.catch(() => undefined); // the caller that awaits the writes gets the error
    return asked;
  }
}

function creatorOf(signed: peer.SignedProposal | undefined): string {
  const proposal = peer.Proposal.deserializeBinary(signed?.getProposalBytes_asU8() ?? new Uint8Array(0));
  const header = common.Header.deserializeBinary(proposal.getHeader_asU8());
  const signature = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  return msp.SerializedIdentity.deserializeBinary(signature.getCreator_asU8()).getMspid();
}
