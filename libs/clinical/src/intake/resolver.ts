import type { IntakeContext, PatientHandle, RefusalIssue } from '@medrex/contracts';
import { placeholder, type Lookup } from '../contract/entry.ts';
import type { References } from '../contract/resource-module.ts';
import type { Reference } from '../fhir/datatypes.ts';
import { identifierQuery, identifierQueryHint } from '../fhir/identifier-query.ts';
import { issue } from '../fhir/issues.ts';
import { targetOf, type ReferenceTarget } from '../fhir/reference-target.ts';
import { expressionOf, walkReferences } from '../fhir/walk-references.ts';
import type { Directory, Named } from './directory.ts';
import { identifierOfReference } from './patient-identifiers.ts';
import { identifierDigest, knownId, mintedId } from './resource-ids.ts';

/** Resolves the references of one resource: inside its Bundle, to known ids, or to lookups that the contract makes. */
export class Resolver implements References {
  readonly #directory: Directory;
  readonly #context: IntakeContext;
  readonly #named: Named;
  readonly #patients = new Map<string, PatientHandle>();

  constructor(directory: Directory, context: IntakeContext, named: Named) {
    this.#directory = directory;
    this.#context = context;
    this.#named = named;
  }

  id(reference: Reference | undefined): string | undefined {
    if (reference === undefined) return undefined;
    const target = targetOf(reference);
    const entry = this.#entry(target, reference);
    if (entry !== undefined) return entry.told;
    switch (target.kind) {
      case 'literal':
        return knownId(this.#context, target.type, target.id);
      case 'absolute':
        return mintedId(this.#context, target.type ?? '', 'url', target.url);
      case 'conditional': {
        const digest = this.#digest(target.type, target.query);
        if (target.type === 'Patient') return digest && mintedId(this.#context, 'Patient', 'identifier', digest);
        return digest === undefined ? undefined : placeholder(digest);
      }
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
    return this.#entry(target, reference)?.draft.type ?? ('type' in target ? target.type : reference.type);
  }

  /** The patient of a reference that `findPatients` was given. */
  handle(reference: Reference): PatientHandle | undefined {
    return this.#patients.get(keyOf(reference));
  }

  /** Looks up the patients that references name, so that what follows needs no waiting. */
  async findPatients(references: readonly (Reference | undefined)[]): Promise<void> {
    for (const reference of references) {
      if (reference === undefined) continue;
      const entry = this.#entry(targetOf(reference), reference);
      const identifier = entry === undefined ? identifierOfReference(reference) : undefined;
      const handle = entry === undefined ? identifier && (await this.#directory.patient([identifier])) : entry.self;
      if (handle !== undefined) this.#patients.set(keyOf(reference), handle);
    }
  }

  /** References that lead nowhere, and the lookups of conditional ones. Patients among them are looked up in the vault. */
  async examine(): Promise<{ readonly issues: readonly RefusalIssue[]; readonly lookups: readonly Lookup[] }> {
    const { resource, root } = this.#named.draft;
    const issues: RefusalIssue[] = [];
    const lookups: Lookup[] = [];
    for (const reference of unusualReferences(resource)) {
      const target = targetOf(reference);
      if (this.#entry(target, reference) !== undefined) continue;
      const at = expressionOf(root, resource, reference);
      if (target.kind === 'conditional') {
        const found = await this.#lookup(
          target.type,
          target.query,
          reference,
          expressionOf(this.#named.draft.type, resource, reference),
        );
        if (found === undefined)
          issues.push(issue('not-supported', at, `This search cannot be a reference. ${identifierQueryHint}`));
        else lookups.push(found);
      } else if (target.kind === 'urn') {
        issues.push(
          issue('not-found', at, 'No entry of this message has this fullUrl; add the entry, or refer to Type/id.'),
        );
      } else {
        issues.push(
          issue(
            'value',
            at,
            'Not a reference: use Type/id, an absolute URL, urn:uuid: of an entry, #id or Type?identifier=system|value.',
          ),
        );
      }
    }
    return { issues, lookups };
  }

  async #lookup(type: string, query: string, reference: Reference, expression: string): Promise<Lookup | undefined> {
    const digest = this.#digest(type, query);
    if (digest === undefined) return undefined;
    if (type !== 'Patient') return { type, digest, expression };
    await this.findPatients([reference]);
    return { type, digest: this.handle(reference)?.pseudonym ?? digest, expression };
  }

  #digest(type: string, query: string): string | undefined {
    const identifier = identifierQuery(query);
    return identifier && identifierDigest(this.#context, type, identifier.system, identifier.value);
  }

  #entry(target: ReferenceTarget, { reference = '' }: Reference): Named | undefined {
    const isUrl = target.kind === 'urn' || target.kind === 'literal' || target.kind === 'absolute';
    return isUrl ? this.#directory.entry(reference, this.#named.draft.fullUrl) : undefined;
  }
}

/** References other than `Type/id`, `#id` and absolute URLs: those that may lead nowhere. */
function unusualReferences(resource: unknown): readonly Reference[] {
  const found: Reference[] = [];
  walkReferences(resource, (reference) => {
    const { kind } = targetOf(reference);
    if (kind === 'urn' || kind === 'conditional' || kind === 'unreadable') found.push(reference);
  });
  return found;
}

function keyOf({ reference, identifier }: Reference): string {
  return reference ?? JSON.stringify([identifier?.system, identifier?.value]);
}
