import type { IntakeContext, PatientHandle } from '@medrex/contracts';
import { placeholder } from '../contract/entry.ts';
import type { References } from '../contract/resource-module.ts';
import type { Reference } from '../fhir/datatypes.ts';
import { identifierQuery } from '../fhir/identifier-query.ts';
import { targetOf, type ReferenceTarget } from '../fhir/reference-target.ts';
import type { Directory, IdentifiedDraft } from './directory.ts';
import { identifierOfReference } from './patient-identifiers.ts';
import { identifierDigest, knownId, mintedId } from './resource-ids.ts';

/**
 * Resolves the references of one resource: to entries of its Bundle, to known ids, or to placeholders for what the
 * contract looks up.
 */
export class Resolver implements References {
  readonly #directory: Directory;
  readonly #context: IntakeContext;
  readonly #base: string | undefined;
  readonly #patients = new Map<string, PatientHandle>();

  /** @param base full URL of the entry that contains the references */
  constructor(directory: Directory, context: IntakeContext, base: string | undefined) {
    this.#directory = directory;
    this.#context = context;
    this.#base = base;
  }

  id(reference: Reference | undefined): string | undefined {
    if (reference === undefined) return undefined;
    const target = targetOf(reference);
    const digest = this.digest(reference, target);
    if (digest !== undefined) return placeholder(digest);
    const entry = this.entry(reference, target);
    if (entry !== undefined) return entry.senderId;
    switch (target.kind) {
      case 'literal':
        return knownId(this.#context, target.type, target.id);
      case 'absolute':
        return mintedId(this.#context, target.type ?? '', 'url', target.url);
      case 'logical': {
        const { system = '', value = '' } = target.identifier;
        return mintedId(this.#context, target.type ?? '', 'logical', system, value);
      }
      default:
        return undefined;
    }
  }

  patient(reference: Reference | undefined): string | undefined {
    return reference === undefined ? undefined : this.handle(reference)?.pseudonym;
  }

  type(reference: Reference | undefined): string | undefined {
    if (reference === undefined) return undefined;
    const target = targetOf(reference);
    return this.entry(reference, target)?.draft.type ?? ('type' in target ? target.type : reference.type);
  }

  /** The patient of a reference that was passed to `findPatients`. */
  handle(reference: Reference): PatientHandle | undefined {
    return this.#patients.get(keyOf(reference));
  }

  /** Finds the patients that the references name. */
  findPatients(references: readonly (Reference | undefined)[]): void {
    for (const reference of references) {
      if (reference === undefined) continue;
      const entry = this.entry(reference, targetOf(reference));
      const identifier = entry === undefined ? identifierOfReference(reference) : undefined;
      const handle = entry === undefined ? identifier && this.#directory.patients.find([identifier]) : entry.self;
      if (handle !== undefined) this.#patients.set(keyOf(reference), handle);
    }
  }

  /** The entry of the same message that a reference refers to. */
  entry({ reference = '' }: Reference, { kind }: ReferenceTarget): IdentifiedDraft | undefined {
    const isUrl = kind === 'urn' || kind === 'literal' || kind === 'absolute';
    return isUrl ? this.#directory.entry(reference, this.#base) : undefined;
  }

  /**
   * Digest of the identifier that the contract looks up for a reference. There is one for a conditional reference and
   * for a reference to an entry with a condition, since only the state tells which resource meets it. For a patient,
   * whom the vault finds, it is the digest of the pseudonym, known after `findPatients`.
   */
  digest(reference: Reference, target: ReferenceTarget): string | undefined {
    if (target.kind === 'conditional') {
      if (target.type === 'Patient') return this.#patientDigest(reference);
      const identifier = identifierQuery(target.query);
      return identifier && identifierDigest(this.#context, target.type, identifier.system, identifier.value);
    }
    const { draft, self } = this.entry(reference, target) ?? {};
    if (draft?.condition === undefined || self !== undefined) return undefined;
    return identifierDigest(this.#context, draft.type, draft.condition.system, draft.condition.value);
  }

  #patientDigest(reference: Reference): string | undefined {
    const handle = this.handle(reference);
    return handle && patientDigest(this.#context, handle.pseudonym);
  }
}

/** Digest under which a recorded Patient is listed. */
export function patientDigest(context: IntakeContext, pseudonym: string): string {
  return identifierDigest(context, 'Patient', 'pseudonym', pseudonym);
}

function keyOf({ reference, identifier }: Reference): string {
  return reference ?? JSON.stringify([identifier?.system, identifier?.value]);
}
