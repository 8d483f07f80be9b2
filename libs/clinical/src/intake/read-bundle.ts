import type { RefusalIssue } from '@medrex/contracts';
import type { FhirResource } from '../fhir/datatypes.ts';
import { IssueList } from '../fhir/issues.ts';
import { validateElement, validateFhir } from '../fhir/validate-fhir.ts';
import { askedByResource, readDraft, type Asked, type Draft } from './draft.ts';
import type { IntakeLimits } from './intake-options.ts';
import { problem, type Problem, type Read } from './problem.ts';
import type { Items } from './read-message.ts';

type JsonRecord = Readonly<Record<string, unknown>>;

/** Bundle types that ask for changes. */
const changing = ['transaction', 'batch', 'collection', 'history'] as const;
type ChangingType = (typeof changing)[number];

/** Whether a body says that it is a Bundle. */
export function isBundle(body: object): body is JsonRecord {
  return 'resourceType' in body && body.resourceType === 'Bundle';
}

/**
 * The items of a Bundle: a transaction is one item with all its entries; of a batch, collection or history each entry
 * is an item. Limits come first, so that nothing above them is read.
 */
export function bundleItems(bundle: JsonRecord, limits: IntakeLimits): Items {
  const shape = shapeOf(bundle);
  if (shape.problem) return [shape];
  const { type, entries } = shape.value;
  const most = type === 'transaction' ? limits.entriesMax : limits.itemsMax;
  if (entries.length > most) {
    const text = `A ${type} Bundle may have at most ${most} entries and this one has ${entries.length}; split it.`;
    return [{ problem: problem('TOO_MANY_ENTRIES', 'too-long', 'Bundle.entry', text) }];
  }
  const repeated = type === 'history' ? undefined : repeatedUrl(entries);
  if (repeated !== undefined) return [{ problem: repeated }];
  const drafts = entries.map((entry, place) => readEntry(entry, place, type));
  return type === 'transaction'
    ? [wholeOrNot(drafts)]
    : drafts.map((draft) => (draft.problem ? draft : { value: [draft.value] }));
}

/**
 * The Bundle without its entries is checked here, each entry by itself later: one bad entry of a batch is not the
 * batch's fault.
 */
function shapeOf(bundle: JsonRecord): Read<{ readonly type: ChangingType; readonly entries: readonly unknown[] }> {
  const { entry, ...shell } = bundle;
  const issues = validateFhir(shell);
  if (issues.length > 0) return { problem: { code: 'INVALID_RESOURCE', issues } };
  const type = changing.find((known) => known === bundle['type']);
  if (type === undefined) {
    const what = `A Bundle of type ${String(bundle['type'])} changes nothing here.`;
    const text = `${what} Send ${changing.join(', ')}, or POST it to Bundle to record it.`;
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
  const { resource, fullUrl, request } = entry as { resource?: FhirResource; fullUrl?: string; request?: Asked };
  const asked = askedByEntry(type, request, resource);
  if (asked === undefined) {
    const [where, text] =
      type === 'collection' ? ['resource', 'a resource'] : ['request', 'a request with method and url'];
    return {
      problem: problem('INVALID_BUNDLE', 'required', `${root}.${where}`, `An entry of a ${type} Bundle needs ${text}.`),
    };
  }
  return readDraft(asked, resource, {
    place,
    root: `${root}.resource`,
    requestRoot: `${root}.request`,
    ...(fullUrl === undefined ? {} : { fullUrl }),
  });
}

/**
 * What an entry asks for. A collection has no requests. In a history the server of before tells of a POST under which id it
 * created: later versions are put under that.
 */
function askedByEntry(
  type: ChangingType,
  request: Asked | undefined,
  resource: FhirResource | undefined,
): Asked | undefined {
  if (resource === undefined) return request;
  if (request === undefined) return type === 'collection' ? askedByResource(resource) : undefined;
  return type === 'history' && request.method === 'POST' ? { ...request, ...askedByResource(resource) } : request;
}

/** All drafts of a transaction, or all that is wrong with it. The first problem's code stands for the whole. */
function wholeOrNot(drafts: readonly Read<Draft>[]): Read<readonly Draft[]> {
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
