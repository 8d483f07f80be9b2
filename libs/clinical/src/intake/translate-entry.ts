import type { IntakeContext, IntakeMessage, RefusalIssue } from '@medrex/contracts';
import { jsonOf, type Entry } from '../contract/entry.ts';
import type { Registry } from '../contract/registry.ts';
import type { CodedFields, References, ResourceModule } from '../contract/resource-module.ts';
import type { FhirResource, Identifier, Reference } from '../fhir/datatypes.ts';
import { issue, prefixed } from '../fhir/issues.ts';
import type { Directory, IdentifiedDraft } from './directory.ts';
import { examineReferences } from './examine-references.ts';
import type { IntakeLimits } from './intake-options.ts';
import type { Read } from './problem.ts';
import { identifierDigest } from './resource-ids.ts';
import { patientDigest, Resolver } from './resolver.ts';
import { selfReplacement } from './self-replacement.ts';
import { textOfResource } from './sealed-resource.ts';

/** What all entries of one message have in common. */
export interface Translating {
  readonly message: IntakeMessage;
  readonly context: IntakeContext;
  readonly registry: Registry;
  readonly limits: IntakeLimits;
  readonly directory: Directory;
  /** Digest of the message's source and id. */
  readonly digest: string;
}

export interface TranslatedEntry {
  readonly entry: Entry;
  readonly module: ResourceModule;
  readonly body: Uint8Array | undefined;
  /** Bytes of the resource as compact JSON. */
  readonly bytes: number;
}

/** Maximum of business identifiers of a resource; each is a key of its operation. */
export const identifiersMax = 50;

/** The facts and sealed body of an entry, or why it is refused. */
export function translateEntry(
  translating: Translating,
  item: number,
  identified: IdentifiedDraft,
): Read<TranslatedEntry> {
  const { context, registry, directory } = translating;
  const { type, resource, root, place, fullUrl } = identified.draft;
  const module = registry.module(type);
  const changeId = `${translating.digest}.${item}.${place ?? 0}`;
  const common = commonOf(context, identified, changeId);
  if (resource === undefined) return { value: { entry: jsonOf(common) as Entry, module, body: undefined, bytes: 0 } };

  const resolver = new Resolver(directory, context, fullUrl);
  const subjects = module.patients?.(resource, resolver) ?? [subjectOf(resource, resolver)];
  resolver.findPatients(subjects);
  const { issues, lookups } = examineReferences(identified.draft, resolver);
  const allIssues = [
    ...issues,
    ...selfReplacement(identified, resolver),
    ...prefixed([...identifierIssues(resource), ...(module.check?.(resource) ?? [])], type, root),
  ];
  if (allIssues.length > 0) return { problem: { code: 'INVALID_RESOURCE', issues: allIssues } };

  const subject = subjects.find((reference) => reference !== undefined);
  const patient = identified.self ?? (subject === undefined ? undefined : resolver.handle(subject));
  const bytes = Buffer.from(textOfResource(resource, (url) => directory.entry(url, fullUrl)));
  const entry: CodedFields = {
    ...common,
    patient: patient?.pseudonym,
    identifiers: identified.self === undefined ? digestsOf(context, resource) : [patientDigest(context, identified.id)],
    lookups: lookups.length === 0 ? undefined : lookups,
    facts: module.facts(resource, resolver),
  };
  const body = (patient ?? context.tenant).seal(bytes, [changeId, `${type}/${identified.id}`]);
  return { value: { entry: jsonOf(entry) as Entry, module, body, bytes: bytes.length } };
}

/** The fields of every entry, also of a delete. */
function commonOf(
  context: IntakeContext,
  { draft, id, senderId, self }: IdentifiedDraft,
  changeId: string,
): CodedFields {
  const { method, type, place, ifMatch, condition } = draft;
  // A Patient is known to the vault already, so creating one is an update. A conditional create leaves an existing
  // record as it is.
  const isKept = self !== undefined && method === 'POST' && condition !== undefined ? true : undefined;
  const action =
    method === 'DELETE'
      ? 'delete'
      : method === 'PUT' || (self !== undefined && isKept === undefined)
        ? 'update'
        : 'create';
  return {
    type,
    action,
    id,
    changeId,
    told: senderId === id ? undefined : senderId,
    place,
    patient: self?.pseudonym,
    ifMatch,
    condition:
      condition === undefined || self !== undefined
        ? undefined
        : identifierDigest(context, type, condition.system, condition.value),
    isKept,
  };
}

/** The patient that a resource is about, if its module does not say: R4 calls it subject, patient or beneficiary. */
function subjectOf(resource: FhirResource, references: Pick<References, 'type'>): Reference | undefined {
  for (const name of ['subject', 'patient', 'beneficiary']) {
    const element = resource[name];
    const reference = (Array.isArray(element) ? (element as readonly unknown[])[0] : element) as Reference | undefined;
    if (typeof reference !== 'object') continue;
    const type = references.type(reference);
    // A reference by identifier without a type is taken for a patient in these elements.
    if (type === 'Patient' || (type === undefined && reference.identifier !== undefined)) return reference;
  }
  return undefined;
}

function identifiersOf(resource: FhirResource): readonly Identifier[] {
  const { identifier } = resource;
  if (typeof identifier !== 'object' || identifier === null) return [];
  const all = (Array.isArray(identifier) ? identifier : [identifier]) as readonly Identifier[];
  return all.filter(({ value }) => value !== undefined);
}

function identifierIssues(resource: FhirResource): readonly RefusalIssue[] {
  if (identifiersOf(resource).length <= identifiersMax) return [];
  return [
    issue(
      'too-long',
      `${resource.resourceType}.identifier`,
      `A resource may have at most ${identifiersMax} identifiers here.`,
    ),
  ];
}

function digestsOf(context: IntakeContext, resource: FhirResource): readonly string[] | undefined {
  const identifiers = identifiersOf(resource);
  if (identifiers.length === 0) return undefined;
  const digests = identifiers.map(({ system = '', value = '' }) =>
    identifierDigest(context, resource.resourceType, system, value),
  );
  return [...new Set(digests)];
}
