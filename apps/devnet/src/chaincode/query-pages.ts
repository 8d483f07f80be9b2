import { ledger, peer } from '@hyperledger/fabric-protos';
import type { RangePage, StateEntry } from '@medrex/ledger';
import { randomUUID } from 'node:crypto';
import { timestampOf } from '../block/timestamp.ts';

/** Results per message to the chaincode (core/chaincode `MaxResultLimit`). */
const pageLines = 100;

/** A page of query results. */
export interface QueryPage {
  readonly results: readonly Uint8Array[];
  readonly hasMore: boolean;
}

/** A modification in the history of a key. */
export interface KeyModification {
  readonly txId: string;
  readonly value: Uint8Array | undefined;
  readonly timestampMs: number;
}

/** The open queries of one transaction, each read page by page until its end or closed. */
export class OpenQueries {
  readonly #pages = new Map<string, AsyncIterator<QueryPage>>();

  /** Starts a query and returns its first page. */
  async begin(pages: AsyncIterable<QueryPage>): Promise<Uint8Array> {
    const id = randomUUID();
    this.#pages.set(id, pages[Symbol.asyncIterator]());
    return this.next(id);
  }

  async next(id: string): Promise<Uint8Array> {
    const pages = this.#pages.get(id);
    if (pages === undefined) throw new Error('query iterator not found');
    const page = await pages.next();
    const { results, hasMore } = page.done === true ? { results: [], hasMore: false } : page.value;
    if (!hasMore) await this.#end(id);
    return queryResponse({ id, results, hasMore }).serializeBinary();
  }

  async close(id: string): Promise<Uint8Array> {
    await this.#end(id);
    return queryResponse({ id, results: [], hasMore: false }).serializeBinary();
  }

  /** Closes queries that the chaincode left open. */
  async closeAll(): Promise<void> {
    for (const id of [...this.#pages.keys()]) await this.#end(id);
  }

  async #end(id: string): Promise<void> {
    const pages = this.#pages.get(id);
    this.#pages.delete(id);
    await pages?.return?.();
  }
}

/** The pages of a range query. */
export async function* rangeResults(namespace: string, pages: AsyncIterable<RangePage>): AsyncGenerator<QueryPage> {
  for await (const { lines, hasMore } of pages) {
    yield { results: lines.map((line) => keyValueBytes(namespace, line)), hasMore };
  }
}

/** Splits complete results into pages. */
export async function* inPages(results: readonly Uint8Array[]): AsyncGenerator<QueryPage> {
  for (let at = 0; at < results.length; at += pageLines) {
    yield { results: results.slice(at, at + pageLines), hasMore: at + pageLines < results.length };
  }
}

/** The page of a query with explicit pagination, with the bookmark of the next page, '' at the end. */
export function boundedPage(results: readonly Uint8Array[], bookmark: string): Uint8Array {
  const response = queryResponse({ id: randomUUID(), results, hasMore: false });
  const metadata = new peer.QueryResponseMetadata();
  metadata.setFetchedRecordsCount(results.length);
  metadata.setBookmark(bookmark);
  response.setMetadata(metadata.serializeBinary());
  return response.serializeBinary();
}

export function keyValueBytes(namespace: string, { key, value }: Pick<StateEntry, 'key' | 'value'>): Uint8Array {
  const line = new ledger.queryresult.KV();
  line.setNamespace(namespace);
  line.setKey(key);
  line.setValue(value);
  return line.serializeBinary();
}

export function modificationBytes({ txId, value, timestampMs }: KeyModification): Uint8Array {
  const line = new ledger.queryresult.KeyModification();
  line.setTxId(txId);
  if (value !== undefined) line.setValue(value);
  line.setIsDelete(value === undefined);
  line.setTimestamp(timestampOf(timestampMs));
  return line.serializeBinary();
}

function queryResponse({ id, results, hasMore }: QueryPage & { readonly id: string }): peer.QueryResponse {
  const response = new peer.QueryResponse();
  response.setId(id);
  response.setHasMore(hasMore);
  response.setResultsList(
    results.map((bytes) => {
      const result = new peer.QueryResultBytes();
      result.setResultbytes(bytes);
      return result;
    }),
  );
  return response;
}
