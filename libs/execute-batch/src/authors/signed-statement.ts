import { hash } from 'node:crypto';
import { canonicalJson } from '../canonical-json.ts';

/** A message in the form that its author signs. */
export interface AuthoredMessage {
  readonly source: string;
  readonly id: string;
  readonly salt: string;
  /** The bytes of the body as sent. */
  readonly body: Uint8Array;
  /** How to use the body, unless it is a plain create: FHIR's PUT, DELETE and conditions. */
  readonly request?:
    | {
        readonly method: string;
        readonly url: string;
        readonly ifMatch?: string;
        readonly ifNoneExist?: string;
      }
    | undefined;
}

/**
 * The parts of a statement that are on the ledger in plain text, so that every endorser can tie it to the operation.
 */
export interface SignedFields {
  /** The author's id. */
  readonly author: string;
  /** The operation's contract. */
  readonly contract: string;
  /** `messageDigest`. */
  readonly message: string;
  /** The operation's time: ISO 8601 in UTC with milliseconds. */
  readonly time: string;
}

/** Domain separation: a signature made for another purpose is invalid here. */
const purpose = 'medrex signed operation 1';

/** SHA-256 in hex of the canonical JSON (RFC 8785) of the message's name and content. */
export function messageDigest({ source, id, salt, body, request }: AuthoredMessage): string {
  const fields = { body: hash('sha256', body, 'hex'), id, ...plainCreate(request), salt, source };
  return hash('sha256', canonicalJson(fields), 'hex');
}

/** The bytes that the author signs: the canonical JSON of these fields, as UTF-8. */
export function signedStatement({ author, contract, message, time }: SignedFields): Uint8Array {
  return Buffer.from(canonicalJson({ author, contract, message, purpose, time }));
}

/** A POST without conditions adds nothing to the body, whatever its URL. */
function plainCreate(request: AuthoredMessage['request']): Partial<NonNullable<AuthoredMessage['request']>> {
  if (request === undefined) return {};
  const { method, url, ifMatch, ifNoneExist } = request;
  if (method === 'POST' && ifMatch === undefined && ifNoneExist === undefined) return {};
  return {
    method,
    url,
    ...(ifMatch !== undefined && { ifMatch }),
    ...(ifNoneExist !== undefined && { ifNoneExist }),
  };
}
