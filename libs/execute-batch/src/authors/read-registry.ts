import { authorPolicyRange, authorRange } from '@medrex/keys';
import type { ChaincodeStub } from '@medrex/ledger';
import { type Author, type AuthorPolicyRecord, decodeAuthor, decodeAuthorPolicy } from './author-records.ts';

/** The whole registry of a channel. */
export interface Registry {
  readonly authors: readonly Author[];
  /** Policies of the contracts for which one was set. */
  readonly policies: readonly AuthorPolicyRecord[];
}

/** Reads both ranges; only for queries, never submitted. */
export async function readRegistry(stub: ChaincodeStub): Promise<Registry> {
  const authors: Author[] = [];
  for await (const { value } of stub.getStateByRange(authorRange.start, authorRange.end)) {
    const author = decodeAuthor(value);
    if (author !== undefined) authors.push(author);
  }
  const policies: AuthorPolicyRecord[] = [];
  for await (const { value } of stub.getStateByRange(authorPolicyRange.start, authorPolicyRange.end)) {
    const policy = decodeAuthorPolicy(value);
    if (policy !== undefined) policies.push(policy);
  }
  return { authors, policies };
}

/** The payload of the query `readAuthors`. */
export function decodeRegistry(payload: Uint8Array): Registry {
  return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()) as Registry;
}
