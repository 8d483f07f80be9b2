import type { JsonObject, JsonValue } from '@medrex/execute-batch';
import type { Coded, CodedFields } from './resource-module.ts';

/**
 * The change of one resource, as it is kept in the facts of an operation. It holds only minted ids, pseudonyms, digests
 * and coded fields. A single resource becomes an operation with one entry, a `transaction` Bundle one with many.
 */
export type Entry = {
  readonly type: string;
  /** `create` uses a new id. `update` also creates a resource that does not exist. */
  readonly action: 'create' | 'update' | 'delete';
  /** Id in keys; for a Patient the pseudonym. */
  readonly id: string;
  /** Unique to this change: digest of the message, item number and entry index. */
  readonly changeId: string;
  /** Id by which the sender refers to the resource, if it is not `id`. */
  readonly told?: string;
  /** Index of the entry in its Bundle; absent for a single resource. */
  readonly place?: number;
  /** Pseudonym of the patient that the resource is about. */
  readonly patient?: string;
  /** Index of the sealed resource in the operation's bodies. Absent for a delete. */
  readonly body?: number;
  /** If-Match: the version that must be current; 0 if the resource must not exist. */
  readonly ifMatch?: number;
  /** Digest of the identifier that a conditional create, update or delete searches for. */
  readonly condition?: string;
  /**
   * A conditional create of a Patient, which leaves an existing one as it is. The vault has already matched the
   * identifier.
   */
  readonly isKept?: boolean;
  /** Digests of the resource's business identifiers. */
  readonly identifiers?: readonly string[];
  /** Conditional references of the resource; each must be found before the entry is applied. */
  readonly lookups?: readonly Lookup[];
  readonly facts?: JsonObject;
};

/** A conditional reference: `Practitioner?identifier=...`. */
export type Lookup = {
  readonly type: string;
  /** Digest of the identifier. For a Patient, which the vault has found already, digest of its pseudonym. */
  readonly digest: string;
  /** FHIRPath of the reference: `Observation.performer[0]`. */
  readonly expression: string;
  /** Id to use if nothing is found: that of an entry of the same Bundle, which is created then. */
  readonly otherwise?: string;
};

/** Stands in facts for the id that a lookup will find. No coded field can look like it, since the digest is keyed. */
export function placeholder(digest: string): string {
  return `?${digest}`;
}

/** The fields without undefined ones and with sorted names at every depth, ready to be written as canonical JSON. */
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
