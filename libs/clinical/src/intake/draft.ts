import type { IntakeMessage, PatientIdentifier } from '@medrex/contracts';
import { isResourceType } from '../fhir/definitions.ts';
import type { FhirResource } from '../fhir/datatypes.ts';
import { withoutGeneralParameters } from '../fhir/general-parameters.ts';
import { identifierQuery, identifierQueryHint } from '../fhir/identifier-query.ts';
import { problem, type Problem, type Read } from './problem.ts';

/** One change that a message asks for, read but not yet resolved against anything. */
export interface Draft {
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly type: string;
  /** Id that the client chose. Absent for a POST. */
  readonly id: string | undefined;
  /** Of a conditional create, update or delete. */
  readonly condition: PatientIdentifier | undefined;
  /** The version that must be the current one; 0 when there must be none. */
  readonly ifMatch: number | undefined;
  readonly resource: FhirResource | undefined;
  readonly fullUrl: string | undefined;
  /** Place in its Bundle. */
  readonly place: number | undefined;
  /** Where the resource stands, for expressions: `Observation`, `Bundle.entry[3].resource`. */
  readonly root: string;
}

/** The request for a resource: of HTTP, of Bundle.entry.request, or none. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly ifMatch?: string;
  readonly ifNoneExist?: string;
  /** Of a PUT: `*` when there must be no version yet. */
  readonly ifNoneMatch?: string;
}

/** Where a draft comes from. */
export interface DraftOrigin {
  readonly fullUrl?: string;
  readonly place?: number;
  readonly root: string;
  /** FHIRPath of the request, for problems. */
  readonly requestRoot: string;
}

/** What a message without a request asks for: a resource with an id is put under it, one without is created. */
export function askedByResource({ resourceType, id }: FhirResource): Asked {
  return typeof id === 'string'
    ? { method: 'PUT', url: `${resourceType}/${id}` }
    : { method: 'POST', url: resourceType };
}

/** The request of a message, if it has one. */
export function askedByMessage({ request }: IntakeMessage): Asked | undefined {
  return request === undefined || (request.url === '' && request.method === 'POST') ? undefined : request;
}

/** Reads the request for one resource. `resource` is valid R4 or, for DELETE, absent. */
export function readDraft(asked: Asked, resource: FhirResource | undefined, origin: DraftOrigin): Read<Draft> {
  const { method } = asked;
  const at = origin.requestRoot;
  if (method !== 'POST' && method !== 'PUT' && method !== 'DELETE') {
    const instead =
      method === 'PATCH' ? 'send the whole resource with PUT' : 'only POST, PUT and DELETE change records';
    return {
      problem: problem(
        'UNSUPPORTED',
        'not-supported',
        `${at}.method`,
        `This method is not supported here; ${instead}.`,
      ),
    };
  }
  const url = readUrl(asked.url);
  if (url === undefined) return wrong(`${at}.url`, 'The URL must be Type, Type/id or Type?identifier=system|value.');
  const condition = conditionOf(asked, url, at);
  if (condition.problem) return condition;
  const ifMatch = versionOf(asked.ifNoneMatch === '*' ? '0' : asked.ifMatch, at);
  if (ifMatch.problem) return ifMatch;
  const draft: Draft = {
    method,
    type: url.type,
    id: url.id,
    condition: condition.value,
    ifMatch: ifMatch.value,
    resource: method === 'DELETE' ? undefined : resource,
    fullUrl: origin.fullUrl,
    place: origin.place,
    root: origin.root,
  };
  const unfit = misfit(draft, at);
  return unfit === undefined ? { value: draft } : { problem: unfit };
}

interface RequestUrl {
  readonly type: string;
  readonly id: string | undefined;
  readonly query: string | undefined;
}

function readUrl(url: string): RequestUrl | undefined {
  const [, type = '', id, query] = /^\/?([A-Za-z]+)(?:\/([A-Za-z0-9.-]{1,64}))?(?:\?(.*))?$/s.exec(url) ?? [];
  const search = withoutGeneralParameters(query ?? '');
  return isResourceType(type) ? { type, id, query: search === '' ? undefined : search } : undefined;
}

function conditionOf(asked: Asked, { type, query }: RequestUrl, at: string): Read<PatientIdentifier | undefined> {
  const isCreate = asked.method === 'POST';
  const search = isCreate ? asked.ifNoneExist : query;
  if (search === undefined) return { value: undefined };
  const found = identifierQuery(search, type);
  if (found !== undefined) return { value: found };
  const where = isCreate ? `${at}.ifNoneExist` : `${at}.url`;
  return {
    problem: problem(
      'UNSUPPORTED',
      'not-supported',
      where,
      `This search cannot be a condition. ${identifierQueryHint}`,
    ),
  };
}

function versionOf(ifMatch: string | undefined, at: string): Read<number | undefined> {
  if (ifMatch === undefined) return { value: undefined };
  const version = /^(?:W\/)?"?(0|[1-9]\d{0,8})"?$/.exec(ifMatch.trim())?.[1];
  if (version !== undefined) return { value: Number(version) };
  return wrong(`${at}.ifMatch`, 'If-Match must be the version of the resource, as W/"3".');
}

/** What of a draft contradicts itself. */
function misfit({ method, type, id, condition, resource, root }: Draft, at: string): Problem | undefined {
  const say = (expression: string, text: string) => problem('INVALID_REQUEST', 'value', expression, text);
  if (method !== 'POST' && id === undefined && condition === undefined)
    return say(`${at}.url`, `${method} needs Type/id or Type?identifier=system|value.`);
  if (method === 'POST' && id !== undefined)
    return say(`${at}.url`, 'POST creates under an id of the server; use PUT to choose the id.');
  if (id !== undefined && condition !== undefined) return say(`${at}.url`, 'Give an id or a search, not both.');
  if (method === 'DELETE') return undefined;
  if (resource === undefined) return say(root, `${method} needs a resource.`);
  if (resource.resourceType !== type) return say(root, 'The resource must be of the type that the URL names.');
  const own = resource['id'];
  if (method === 'PUT' && id !== undefined && own !== undefined && own !== id)
    return say(`${root}.id`, 'The id of the resource must be the one in the URL.');
  return undefined;
}

function wrong(expression: string, text: string): { readonly problem: Problem } {
  return { problem: problem('INVALID_REQUEST', 'value', expression, text) };
}
