import type { JsonObject, JsonValue } from '@medrex/execute-batch';
import type { Coded, CodedFields } from './resource-module.ts';

/**
 * One resource's change as it travels in the facts of an operation. Only minted ids, pseudonyms, digests and coded
 * fields stand in it. A single resource is an operation of one entry; a `transaction` Bundle is one of many.
 */
export type Entry = {
  readonly type: string;
  /** `create`: under an id that is new by construction. `update`: creates, too, when the id is not there. */
  readonly action: 'create' | 'update' | 'delete';
  /** Id in keys. Of a Patient the pseudonym. */
  readonly id: string;
  /** Unique to this change: digest of the message, item, entry. */
  readonly changeId: string;
  /** What the sender is to call the resource, where that is not `id`. */
  readonly told?: string;
  /** Place in the Bundle, when it came in one. */
  readonly place?: number;
  /** Pseudonym of the patient it is about. */
  readonly patient?: string;
  /** Which of the operation's bodies is the resource. Absent for a delete. */
  readonly body?: number;
  /** If-Match: the version that must be the current one; 0 when there must be none. */
  readonly ifMatch?: number;
  /** Digest of the identifier of a conditional create, update or delete. */
  readonly condition?: string;
  /** Conditional create of a Patient: an existing head is kept. The vault has matched the identifier already. */
  readonly isKept?: boolean;
  /** Digests of the resource's business identifiers. */
  readonly identifiers?: readonly string[];
  /** Conditional references, each to be found before anything is decided. */
  readonly lookups?: readonly Lookup[];
  readonly facts?: JsonObject;
};

/** A conditional reference: `Practitioner?identifier=...`. */
export type Lookup = {
  readonly type: string;
  /** Digest of the identifier; of a Patient, which the vault has found, of its pseudonym. */
  readonly digest: string;
  /** Where the reference stands: `Observation.performer[0]`. */
  readonly expression: string;
  /** Id to take when nothing is found: of an entry of the same Bundle that is created then. */
  readonly otherwise?: string;
};

/** What stands in facts for the id that a lookup will find. No coded field can look like it: the digest is keyed. */
export function placeholder(digest: string): string {
  return `?${digest}`;
}

/** The same fields without undefined ones and with their names in order, at any depth: what becomes canonical JSON at little cost. */
export function jsonOf(fields: CodedFields): JsonObject {
  const json: Record<string, JsonValue> = {};
  for (const name of Object.keys(fields).sort()) {
    const value = fields[name];
    if (value !== undefined) json[name] = jsonValue(value);
  }
  return json;
}

function jsonValue(value: NonNullable<Coded> | null): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.flatMap((item) => (item === undefined ? [] : [jsonValue(item)]));
  return jsonOf(value);
}

const isList = (value: object): value is readonly Coded[] => Array.isArray(value);
