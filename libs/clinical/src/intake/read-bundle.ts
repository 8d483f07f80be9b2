import type { RefusalIssue } from '@medrex/contracts';
import type { FhirResource } from '../fhir/datatypes.ts';
import { IssueList } from '../fhir/issues.ts';
import { validateElement, validateFhir } from '../fhir/validate-fhir.ts';
import { requestFromResource, readDraft, type ResourceRequest, type Draft } from './draft.ts';
import type { IntakeLimits } from './intake-options.ts';
import { problem, type Problem, type Read } from './problem.ts';
import type { Items } from './read-message.ts';

type JsonRecord = Readonly<Record<string, unknown>>;

/** Bundle types that request changes. */
const changingTypes = ['transaction', 'batch', 'collection', 'history'] as const;
type ChangingType = (typeof changingTypes)[number];

/** Whether a body says that it is a Bundle. */
export function isBundle(body: object): body is JsonRecord {
  return 'resourceType' in body && body.resourceType === 'Bundle';
}

/**
 * The items of a Bundle. A transaction is one item with all its entries; in a batch, collection or history each entry
 * is an item. The number of entries is checked before any is read.
 */
export function bundleItems(bundle: JsonRecord, limits: IntakeLimits): Items {
  const shape = shapeOf(bundle);
  if (shape.problem) return [shape];
  const { type, entries } = shape.value;
  const limit = type === 'transaction' ? limits.entriesMax : limits.itemsMax;
  if (entries.length > limit) {
    const text = `A ${type} Bundle may have at most ${limit} entries and this one has ${entries.length}; split it.`;
    return [{ problem: problem('TOO_MANY_ENTRIES', 'too-long', 'Bundle.entry', text) }];
  }
  const repeated = type === 'history' ? undefined : repeatedUrl(entries);
  if (repeated !== undefined) return [{ problem: repeated }];
  const drafts = entries.map((entry, place) => readEntry(entry, place, type));
  return type === 'transaction'
    ? [allOrNothing(drafts)]
    : drafts.map((draft) => (draft.problem ? draft : { value: [draft.value] }));
}

/**
 * Checks the Bundle without its entries. Each entry is checked by itself, so that an invalid one does not refuse the
 * whole batch.
 */
function shapeOf(bundle: JsonRecord): Read<{ readonly type: ChangingType; readonly entries: readonly unknown[] }> {
  const { entry, ...withoutEntries } = bundle;
  const issues = validateFhir(withoutEntries);
  if (issues.length > 0) return { problem: { code: 'INVALID_RESOURCE', issues } };
  const type = changingTypes.find((known) => known === bundle['type']);
  if (type === undefined) {
    const what = `A Bundle of type ${String(bundle['type'])} changes nothing here.`;
    const text = `${what} Send ${changingTypes.join(', ')}, or POST it to Bundle to record it.`;
    return { problem: problem('UNSUPPORTED', 'not-supported', 'Bundle.type', text) };
  }
  if (!Array.isArray(entry) || entry.length === 0) {
    return {
      problem: problem('INVALID_BUNDLE', 'required', 'Bundle.entry', 'The Bundle has no entries; send at least one.'),
    };
  }
  return { value: { type, entries: entry } };
}

function repeatedUrl(entries: readonly unknown[]): Problem | undefined {
  const seen = new Map<string, number>();
  for (const [place, entry] of entries.entries()) {
    const url = isRecord(entry) ? entry['fullUrl'] : undefined;
    if (typeof url !== 'string') continue;
    const first = seen.get(url);
    if (first !== undefined) {
      const text = `Entries ${first} and ${place} have the same fullUrl; each entry needs its own.`;
      return problem('INVALID_BUNDLE', 'duplicate', `Bundle.entry[${place}].fullUrl`, text);
    }
    seen.set(url, place);
  }
  return undefined;
}

function readEntry(entry: unknown, place: number, type: ChangingType): Read<Draft> {
  const root = `Bundle.entry[${place}]`;
  const issues = validateElement('Bundle.entry', entry, root);
  if (issues.length > 0) return { problem: { code: 'INVALID_RESOURCE', issues } };
  const { resource, fullUrl, request } = entry as {
    resource?: FhirResource;
    fullUrl?: string;
    request?: ResourceRequest;
  };
  const effectiveRequest = requestFromEntry(type, request, resource);
  if (effectiveRequest === undefined) {
    const [where, text] =
      type === 'collection' ? ['resource', 'a resource'] : ['request', 'a request with method and url'];
    return {
      problem: problem('INVALID_BUNDLE', 'required', `${root}.${where}`, `An entry of a ${type} Bundle needs ${text}.`),
    };
  }
  return readDraft(effectiveRequest, resource, {
    place,
    root: `${root}.resource`,
    requestRoot: `${root}.request`,
    ...(fullUrl === undefined ? {} : { fullUrl }),
  });
}

/**
 * The request of an entry. Entries of a collection have none, so their resource implies it. A POST in a history becomes
 * a PUT under the id of its resource, because later versions are put under that id.
 */
function requestFromEntry(
  type: ChangingType,
  request: ResourceRequest | undefined,
  resource: FhirResource | undefined,
): ResourceRequest | undefined {
  if (resource === undefined) return request;
  if (request === undefined) return type === 'collection' ? requestFromResource(resource) : undefined;
  return type === 'history' && request.method === 'POST' ? { ...request, ...requestFromResource(resource) } : request;
}

/** All drafts of a transaction, or all its issues. The code is that of the first problem. */
function allOrNothing(drafts: readonly Read<Draft>[]): Read<readonly Draft[]> {
  const problems = drafts.flatMap((draft) => (draft.problem ? [draft.problem] : []));
  const [first] = problems;
  if (first === undefined) return { value: drafts.flatMap((draft) => (draft.problem ? [] : [draft.value])) };
  return { problem: { code: first.code, issues: limited(problems.flatMap(({ issues }) => issues)) } };
}

function limited(issues: readonly RefusalIssue[]): readonly RefusalIssue[] {
  const list = new IssueList();
  for (const { code, expression = 'Bundle', diagnostics } of issues) list.add(code, expression, diagnostics);
  return list.all();
}

const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
