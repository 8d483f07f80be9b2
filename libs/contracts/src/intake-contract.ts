import type { JsonObject, JsonValue } from '@medrex/execute-batch';
import type { DeclaredKey } from '@medrex/keys';
import type { OperationClass } from './operation-class.ts';

/** A message as ingest received it, before it is interpreted. */
export interface IntakeMessage {
  readonly source: string;
  readonly id: string;
  readonly contract: string;
  /** e.g. application/fhir+json. */
  readonly contentType: string;
  /** Parsed JSON of the body. */
  readonly body: unknown;
  /** ISO 8601 UTC: the sender's time, else the time of arrival. */
  readonly time: string;
  readonly class?: OperationClass;
  readonly deadlineMs?: number;
  /** How to use the body if it does not say so itself: FHIR's PUT /Observation/x, If-Match, If-None-Exist. */
  readonly request?: {
    readonly method: 'POST' | 'PUT' | 'DELETE';
    /** Path below the contract's root, e.g. `Observation/x` or empty. */
    readonly url: string;
    readonly ifMatch?: string;
    readonly ifNoneExist?: string;
  };
}

/** What a contract's intake may use to translate a message to operations: everything that needs I/O or a secret. */
export interface IntakeContext {
  /**
   * HMAC under the channel's identity key, hex: ids for resources and identifiers. The key is never rotated, so the
   * same input always gives the same id.
   */
  mintId(...parts: readonly string[]): string;
  /** The patient's pseudonym and a sealer for bodies about it; `identifiers` in order of preference. Durable before it resolves. */
  patient(identifiers: readonly PatientIdentifier[]): Promise<PatientHandle>;
  /** The same without waiting; undefined if `patient` must be called. */
  knownPatient(identifiers: readonly PatientIdentifier[]): PatientHandle | undefined;
  /** The sealer for data about no patient, with the tenant subject key. */
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
   * Seals a body (AES-256-GCM with a derived nonce, so the same input gives the same bytes) and returns base64 text as
   * bytes.
   * @param binding what it is bound to: message source and id, item, entry, resource id
   */
  seal(body: Uint8Array, binding: readonly string[]): Uint8Array;
}

/** An operation before ingest gives it a name and appends it. */
export interface TranslatedOperation {
  readonly item: number;
  readonly class: OperationClass;
  readonly templateVersion: number;
  readonly keys: readonly DeclaredKey[];
  readonly facts: JsonObject;
  readonly bodies: readonly Uint8Array[];
}

/** Why an item was refused; `issues` become the entries of an OperationOutcome. */
export interface Refusal {
  readonly item: number;
  /** e.g. INVALID_RESOURCE, TOO_MANY_ENTRIES, UNSUPPORTED; with the HTTP status beside it. */
  readonly code: string;
  readonly status: 400 | 409 | 412 | 413 | 415 | 422;
  readonly issues: readonly RefusalIssue[];
}

export interface RefusalIssue {
  readonly severity: 'error' | 'fatal' | 'warning';
  /** FHIR issue type: structure, required, value, invariant, not-supported, too-long, ... */
  readonly code: string;
  readonly diagnostics: string;
  /** FHIRPath of the invalid element, e.g. Bundle.entry[3].resource.status; or a JSON path for other contracts. */
  readonly expression?: string;
}

export interface Translation {
  /** One per accepted item, in item order. */
  readonly operations: readonly TranslatedOperation[];
  readonly refusals: readonly Refusal[];
}

/** Two pseudonyms of one person: messages about `from` apply to `into` from now on. */
export interface PatientAlias {
  readonly from: string;
  readonly into: string;
}

/**
 * The intake half of a contract, which translates messages to operations. The other half, `apply`, is
 * @medrex/execute-batch's Contract.
 */
export interface IntakeContract {
  readonly name: string;
  translate(message: IntakeMessage, context: IntakeContext): Promise<Translation> | Translation;
  /** Problems in the contract's own format, e.g. a FHIR OperationOutcome. */
  describe?(refusals: readonly RefusalIssue[]): JsonValue;
  /**
   * Patients merged by an applied operation of this contract, read from its result. May be called again for the same
   * result.
   */
  merges?(detail: JsonValue): readonly PatientAlias[];
}
