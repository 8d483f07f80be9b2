import type { JsonObject, JsonValue } from '@medrex/execute-batch';
import type { DeclaredKey } from '@medrex/keys';
import type { OperationClass } from './operation-class.ts';

/** A message as ingest received it, before anything was understood of it. */
export interface IntakeMessage {
  readonly source: string;
  readonly id: string;
  readonly contract: string;
  /** e.g. application/fhir+json. */
  readonly contentType: string;
  /** Parsed JSON of the body. */
  readonly body: unknown;
  /** ISO 8601 UTC: the sender's time, else when it was taken in. */
  readonly time: string;
  readonly class?: OperationClass;
  readonly deadlineMs?: number;
  /** How the body is to be used where the body does not say it itself: FHIR's PUT /Observation/x, If-Match, If-None-Exist. */
  readonly request?: {
    readonly method: 'POST' | 'PUT' | 'DELETE';
    /** Path below the contract's root, e.g. `Observation/x` or empty. */
    readonly url: string;
    readonly ifMatch?: string;
    readonly ifNoneExist?: string;
  };
}

/** What a contract's intake may use to turn a message into operations; everything that needs I/O or a secret. */
export interface IntakeContext {
  /** HMAC under the channel's identity key, hex: ids minted or passed through for resources and identifiers. Never rotated, so the same input names the same thing for ever. */
  mintId(...parts: readonly string[]): string;
  /** The patient's pseudonym and a sealer for bodies about it; `identifiers` in order of preference. Durable before it resolves. */
  patient(identifiers: readonly PatientIdentifier[]): Promise<PatientHandle>;
  /** The same, where no waiting is needed; undefined leaves it to `patient`. */
  knownPatient(identifiers: readonly PatientIdentifier[]): PatientHandle | undefined;
  /** The sealer for what is about no patient: the tenant subject key. */
  readonly tenant: BodySealer;
}

export interface PatientIdentifier {
  readonly system: string;
  readonly value: string;
}

export interface PatientHandle extends BodySealer {
  readonly pseudonym: string;
}

export interface BodySealer {
  /**
   * Seals a body (AES-256-GCM, the nonce derived, so the same input gives the same bytes) and returns base64 text as bytes.
   * @param binding what it is bound to: message source and id, item, entry, resource id.
   */
  seal(body: Uint8Array, binding: readonly string[]): Uint8Array;
}

/** An operation before ingest names, routes and appends it. */
export interface TranslatedOperation {
  readonly item: number;
  readonly class: OperationClass;
  readonly templateVersion: number;
  readonly keys: readonly DeclaredKey[];
  readonly facts: JsonObject;
  readonly bodies: readonly Uint8Array[];
}

/** Why an item was not accepted; `issues` become the entries of an OperationOutcome. */
export interface Refusal {
  readonly item: number;
  /** e.g. INVALID_RESOURCE, TOO_MANY_ENTRIES, UNSUPPORTED; HTTP status beside it. */
  readonly code: string;
  readonly status: 400 | 409 | 412 | 413 | 415 | 422;
  readonly issues: readonly RefusalIssue[];
}

export interface RefusalIssue {
  readonly severity: 'error' | 'fatal' | 'warning';
  /** FHIR issue type: structure, required, value, invariant, not-supported, too-long, ... */
  readonly code: string;
  readonly diagnostics: string;
  /** FHIRPath of what is wrong, e.g. Bundle.entry[3].resource.status; or a JSON path for other contracts. */
  readonly expression?: string;
}

export interface Translation {
  /** One per item that was accepted, in item order. */
  readonly operations: readonly TranslatedOperation[];
  readonly refusals: readonly Refusal[];
}

/** Two pseudonyms found to be one person: messages about `from` are messages about `into` from now on. */
export interface PatientAlias {
  readonly from: string;
  readonly into: string;
}

/** The intake half of a contract: message in, operations out. The other half, `apply`, is @medrex/execute-batch's Contract. */
export interface IntakeContract {
  readonly name: string;
  translate(message: IntakeMessage, context: IntakeContext): Promise<Translation> | Translation;
  /** What a sender is told in the contract's own words, e.g. a FHIR OperationOutcome. */
  describe?(refusals: readonly RefusalIssue[]): JsonValue;
  /** Persons that an applied operation of this contract made one, out of what the ledger answered. May be asked again for the same answer. */
  merges?(detail: JsonValue): readonly PatientAlias[];
}
