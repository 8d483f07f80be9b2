import type { IntakeMessage, PatientIdentifier } from '@medrex/contracts';
import { isResourceType } from '../fhir/definitions.ts';
import type { FhirResource } from '../fhir/datatypes.ts';
import { withoutGeneralParameters } from '../fhir/general-parameters.ts';
import { identifierQuery, identifierQueryHint } from '../fhir/identifier-query.ts';
import { problem, type Problem, type Read } from './problem.ts';

/** One change that a message requests, with its references still unresolved. */
export interface Draft {
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly type: string;
  /** Id chosen by the client. Absent for a POST. */
  readonly id: string | undefined;
  /** Identifier that a conditional create, update or delete searches for. */
  readonly condition: PatientIdentifier | undefined;
  /** The version that must be current; 0 if the resource must not exist. */
  readonly ifMatch: number | undefined;
  readonly resource: FhirResource | undefined;
  readonly fullUrl: string | undefined;
  /** Index in its Bundle; undefined for a single resource. */
  readonly place: number | undefined;
  /** FHIRPath of the resource: `Observation`, `Bundle.entry[3].resource`. */
  readonly root: string;
}

/** The request for one resource, as in HTTP or in Bundle.entry.request. */
export interface ResourceRequest {
  readonly method: string;
  readonly url: string;
  readonly ifMatch?: string;
  readonly ifNoneExist?: string;
  /** For a PUT: `*` if the resource must not exist. */
  readonly ifNoneMatch?: string;
}

/** Where a draft comes from. */
export interface DraftOrigin {
  readonly fullUrl?: string;
  readonly place?: number;
  readonly root: string;
  /** FHIRPath of the request, for issues. */
  readonly requestRoot: string;
}

/** The request implied by a resource alone: PUT if it has an id, else POST. */
export function requestFromResource({ resourceType, id }: FhirResource): ResourceRequest {
  return typeof id === 'string'
    ? { method: 'PUT', url: `${resourceType}/${id}` }
    : { method: 'POST', url: resourceType };
}

/** The request of a message, if it has one. */
export function requestFromMessage({ request }: IntakeMessage): ResourceRequest | undefined {
  return request === undefined || (request.url === '' && request.method === 'POST') ? undefined : request;
}

/** Reads the request for one resource. `resource` is valid R4, and absent for a DELETE. */
export function readDraft(
  request: ResourceRequest,
  resource: FhirResource | undefined,
  origin: DraftOrigin,
): Read<Draft> {
  const { method } = request;
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
  const url = readUrl(request.url);
  if (url === undefined)
    return invalidRequest(`${at}.url`, 'The URL must be Type, Type/id or Type?identifier=system|value.');
  const condition = conditionOf(request, url, at);
  if (condition.problem) return condition;
  const ifMatch = versionOf(request.ifNoneMatch === '*' ? '0' : request.ifMatch, at);
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
  const contradiction = contradictionIn(draft, at);
  return contradiction === undefined ? { value: draft } : { problem: contradiction };
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

function conditionOf(
  request: ResourceRequest,
  { type, query }: RequestUrl,
  at: string,
): Read<PatientIdentifier | undefined> {
  const isCreate = request.method === 'POST';
  const search = isCreate ? request.ifNoneExist : query;
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
  return invalidRequest(`${at}.ifMatch`, 'If-Match must be the version of the resource, as W/"3".');
}

/** The first contradiction within a draft. */
function contradictionIn({ method, type, id, condition, resource, root }: Draft, at: string): Problem | undefined {
  const invalid = (expression: string, text: string) => problem('INVALID_REQUEST', 'value', expression, text);
  if (method !== 'POST' && id === undefined && condition === undefined)
    return invalid(`${at}.url`, `${method} needs Type/id or Type?identifier=system|value.`);
  if (method === 'POST' && id !== undefined)
    return invalid(`${at}.url`, 'POST creates under an id of the server; use PUT to choose the id.');
  if (id !== undefined && condition !== undefined) return invalid(`${at}.url`, 'Give an id or a search, not both.');
  if (method === 'DELETE') return undefined;
  if (resource === undefined) return invalid(root, `${method} needs a resource.`);
  if (resource.resourceType !== type) return invalid(root, 'The resource must be of the type that the URL names.');
  const own = resource['id'];
  if (method === 'PUT' && id !== undefined && own !== undefined && own !== id)
    return invalid(`${root}.id`, 'The id of the resource must be the one in the URL.');
  return undefined;
}

function invalidRequest(expression: string, text: string): { readonly problem: Problem } {
  return { problem: problem('INVALID_REQUEST', 'value', expression, text) };
}
