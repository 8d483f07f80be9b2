import { peer } from '@hyperledger/fabric-protos';
import type { StateKey } from '@medrex/keys';
import type { RecordingStub, StateView } from '@medrex/ledger';
import {
  boundedPage,
  inPages,
  keyValueBytes,
  modificationBytes,
  OpenQueries,
  rangeResults,
  type KeyModification,
} from './query-pages.ts';
import { richQuery } from './rich-query.ts';

const { Type } = peer.ChaincodeMessage;
type Message = peer.ChaincodeMessage;
/** Maximum results of one query (Fabric's `ledger.state.totalQueryLimit`). */
const resultsMax = 100_000;
const nothing = new Uint8Array(0);

/** Whether a transaction paginates or writes; Fabric allows only one of the two. */
export interface TransactionKind {
  hasPaged: boolean;
  hasWritten: boolean;
}

export interface SessionParts {
  readonly txId: string;
  readonly namespace: string;
  readonly stub: RecordingStub;
  readonly view: StateView;
  readonly kind: TransactionKind;
  /** The history of a key, newest first. */
  readonly history: (key: string) => Promise<readonly KeyModification[]>;
  /** Runs another chaincode in this transaction and returns its last message. */
  readonly call: (spec: peer.ChaincodeSpec) => Promise<Message>;
}

/** Answers the state requests of one chaincode in one transaction (core/chaincode/handler.go). */
export class StateSession {
  readonly #parts: SessionParts;
  readonly #queries = new OpenQueries();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Returns the payload of the answer; an exception is sent to the chaincode. */
  async answer(message: Message): Promise<Uint8Array> {
    const payload = message.getPayload_asU8();
    switch (message.getType()) {
      case Type.GET_STATE:
        return this.#getState(peer.GetState.deserializeBinary(payload));
      case Type.GET_STATE_MULTIPLE:
        return this.#getStates(peer.GetStateMultiple.deserializeBinary(payload));
      case Type.PUT_STATE:
        return this.#putState(peer.PutState.deserializeBinary(payload));
      case Type.DEL_STATE:
        return this.#deleteState(peer.DelState.deserializeBinary(payload));
      case Type.WRITE_BATCH_STATE:
        return this.#writeBatch(peer.WriteBatchState.deserializeBinary(payload));
      case Type.GET_STATE_METADATA:
        return this.#getMetadata(peer.GetStateMetadata.deserializeBinary(payload));
      case Type.PUT_STATE_METADATA:
        return this.#putMetadata(peer.PutStateMetadata.deserializeBinary(payload));
      case Type.INVOKE_CHAINCODE:
        return (await this.#parts.call(peer.ChaincodeSpec.deserializeBinary(payload))).serializeBinary();
      default:
        return this.#answerQuery(message);
    }
  }

  async end(): Promise<void> {
    await this.#queries.closeAll();
  }

  async #answerQuery(message: Message): Promise<Uint8Array> {
    const payload = message.getPayload_asU8();
    switch (message.getType()) {
      case Type.GET_STATE_BY_RANGE:
        return this.#getRange(peer.GetStateByRange.deserializeBinary(payload));
      case Type.GET_QUERY_RESULT:
        return this.#getQueryResult(peer.GetQueryResult.deserializeBinary(payload));
      case Type.GET_HISTORY_FOR_KEY:
        return this.#getHistory(peer.GetHistoryForKey.deserializeBinary(payload).getKey());
      case Type.QUERY_STATE_NEXT:
        return this.#queries.next(peer.QueryStateNext.deserializeBinary(payload).getId());
      case Type.QUERY_STATE_CLOSE:
        return this.#queries.close(peer.QueryStateClose.deserializeBinary(payload).getId());
      default:
        throw new Error(`the model of Fabric does not answer messages of type ${message.getType()}`);
    }
  }

  async #getState(request: peer.GetState): Promise<Uint8Array> {
    this.#refuseCollection(request.getCollection());
    return (await this.#parts.stub.getState(request.getKey() as StateKey)) ?? nothing;
  }

  async #getStates(request: peer.GetStateMultiple): Promise<Uint8Array> {
    this.#refuseCollection(request.getCollection());
    const values = await this.#parts.stub.getStates(request.getKeysList() as StateKey[]);
    const result = new peer.GetStateMultipleResult();
    result.setValuesList(values.map((value) => value ?? nothing));
    return result.serializeBinary();
  }

  #putState(request: Pick<peer.PutState, 'getKey' | 'getValue_asU8' | 'getCollection'>): Uint8Array {
    this.#beforeWrite(request.getCollection());
    this.#parts.stub.putState(request.getKey() as StateKey, request.getValue_asU8());
    return nothing;
  }

  #deleteState(request: Pick<peer.DelState, 'getKey' | 'getCollection'>): Uint8Array {
    this.#beforeWrite(request.getCollection());
    this.#parts.stub.deleteState(request.getKey() as StateKey);
    return nothing;
  }

  async #getMetadata(request: peer.GetStateMetadata): Promise<Uint8Array> {
    this.#refuseCollection(request.getCollection());
    const entries = await this.#parts.stub.getMetadata(request.getKey() as StateKey);
    const result = new peer.StateMetadataResult();
    result.setEntriesList(
      entries.map(({ name, value }) => {
        const entry = new peer.StateMetadata();
        entry.setMetakey(name);
        entry.setValue(value);
        return entry;
      }),
    );
    return result.serializeBinary();
  }

  #putMetadata(request: Pick<peer.PutStateMetadata, 'getKey' | 'getMetadata' | 'getCollection'>): Uint8Array {
    this.#beforeWrite(request.getCollection());
    const entry = request.getMetadata();
    const entries = [{ name: entry?.getMetakey() ?? '', value: entry?.getValue_asU8() ?? nothing }];
    this.#parts.stub.setMetadata(request.getKey() as StateKey, entries);
    return nothing;
  }

  #writeBatch(batch: peer.WriteBatchState): Uint8Array {
    for (const record of batch.getRecList()) {
      switch (record.getType()) {
        case peer.WriteRecord.Type.PUT_STATE:
          this.#putState(record);
          break;
        case peer.WriteRecord.Type.DEL_STATE:
          this.#deleteState(record);
          break;
        case peer.WriteRecord.Type.PUT_STATE_METADATA:
          this.#putMetadata(record);
          break;
        default:
          throw new Error('unknown operation type');
      }
    }
    return nothing;
  }

  async #getRange(request: peer.GetStateByRange): Promise<Uint8Array> {
    this.#refuseCollection(request.getCollection());
    const { namespace, stub, view } = this.#parts;
    const [start, end] = [request.getStartkey(), request.getEndkey()];
    const paging = pagingOf(request.getMetadata_asU8());
    if (paging === undefined) return this.#queries.begin(rangeResults(namespace, stub.rangePages(start, end)));
    this.#beforePaging();
    const lines = [];
    for await (const line of view.range(namespace, paging.bookmark === '' ? start : paging.bookmark, end)) {
      if (lines.length === paging.size) return boundedPage(lines, line.key);
      lines.push(keyValueBytes(namespace, line));
    }
    return boundedPage(lines, '');
  }

  async #getQueryResult(request: peer.GetQueryResult): Promise<Uint8Array> {
    this.#refuseCollection(request.getCollection());
    const { namespace, stub, view } = this.#parts;
    const paging = pagingOf(request.getMetadata_asU8());
    if (paging !== undefined) this.#beforePaging();
    const found = await richQuery(view, namespace, request.getQuery());
    // A bookmark is an index into the results, valid as long as these do not change.
    const from = paging === undefined ? 0 : Number(paging.bookmark);
    if (!Number.isSafeInteger(from) || from < 0) throw new Error('Invalid bookmark value');
    const lines = found.slice(from, from + (paging?.size ?? resultsMax));
    for (const line of lines) stub.readLine(line);
    const results = lines.map((line) => keyValueBytes(namespace, line));
    return paging === undefined
      ? this.#queries.begin(inPages(results))
      : boundedPage(results, String(from + lines.length));
  }

  async #getHistory(key: string): Promise<Uint8Array> {
    const modifications = await this.#parts.history(key);
    return this.#queries.begin(inPages(modifications.map(modificationBytes)));
  }

  #beforePaging(): void {
    const { kind, txId } = this.#parts;
    if (kind.hasWritten) {
      throw new Error(
        `txid [${txId}]: unsuppored transaction. Paginated queries are supported only in a read-only transaction`,
      );
    }
    kind.hasPaged = true;
  }

  #beforeWrite(collection: string): void {
    this.#refuseCollection(collection);
    const { kind, txId } = this.#parts;
    if (kind.hasPaged) {
      throw new Error(
        `txid [${txId}]: unsuppored transaction. Transaction has already performed a paginated query. Writes are not allowed`,
      );
    }
    kind.hasWritten = true;
  }

  #refuseCollection(collection: string): void {
    if (collection === '') return;
    throw new Error(
      `collection config not defined for chaincode [${this.#parts.namespace}]: the model of Fabric has no private data (collection ${collection})`,
    );
  }
}

/** The page size and bookmark of a request; undefined without explicit pagination. */
function pagingOf(bytes: Uint8Array): { readonly size: number; readonly bookmark: string } | undefined {
  if (bytes.length === 0) return undefined;
  const metadata = peer.QueryMetadata.deserializeBinary(bytes);
  const [size, bookmark] = [metadata.getPagesize(), metadata.getBookmark()];
  if (size === 0 && bookmark === '') return undefined;
  return { size: size > 0 ? Math.min(size, resultsMax) : resultsMax, bookmark };
}
