import type { IntakeMessage } from '@medrex/contracts';
import type { FhirResource } from '../fhir/datatypes.ts';
import { isOfR4 } from '../fhir/fhir-version.ts';
import { validateFhir } from '../fhir/validate-fhir.ts';
import { bundleItems, isBundle } from './read-bundle.ts';
import { requestFromMessage, requestFromResource, readDraft, type Draft } from './draft.ts';
import type { IntakeLimits } from './intake-options.ts';
import { problem, type Read } from './problem.ts';

/** The items of a message: for each the drafts of one operation, or why it is refused. */
export type Items = readonly Read<readonly Draft[]>[];

/** Reads a message: a Bundle or a single resource. The body may be anything. */
export function readMessage(message: IntakeMessage, limits: IntakeLimits): Items {
  const media = mediaProblem(message.contentType);
  if (media !== undefined) return [media];
  const request = requestFromMessage(message);
  if (request?.method === 'DELETE')
    return [single(readDraft(request, undefined, { root: 'Resource', requestRoot: 'request' }))];
  const { body } = message;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return [
      {
        problem: problem(
          'INVALID_BODY',
          'structure',
          'Resource',
          'The body must be one FHIR resource as a JSON object.',
        ),
      },
    ];
  }
  if (request === undefined && isBundle(body)) return bundleItems(body, limits);
  const issues = validateFhir(body);
  if (issues.length > 0) return [{ problem: { code: 'INVALID_RESOURCE', issues } }];
  const resource = body as FhirResource;
  const effectiveRequest = request ?? { ...requestFromResource(resource), ...conditions(message) };
  return [single(readDraft(effectiveRequest, resource, { root: resource.resourceType, requestRoot: 'request' }))];
}

/** If-Match and If-None-Exist of a POST to the root. */
function conditions({ request }: IntakeMessage) {
  return request === undefined ? {} : { ifMatch: request.ifMatch, ifNoneExist: request.ifNoneExist };
}

function single(draft: Read<Draft>): Read<readonly Draft[]> {
  return draft.problem ? draft : { value: [draft.value] };
}

function mediaProblem(contentType: string): Read<never> | undefined {
  const [type = ''] = contentType
    .toLowerCase()
    .split(';', 1)
    .map((part) => part.trim());
  const isJson =
    type === '' || type === 'application/fhir+json' || type === 'application/json' || type === 'application/x-ndjson';
  if (isJson && isOfR4(contentType)) return undefined;
  return {
    problem: problem(
      'UNSUPPORTED_MEDIA_TYPE',
      'not-supported',
      'Resource',
      'Send FHIR R4 as JSON: Content-Type application/fhir+json; fhirVersion=4.0.',
    ),
  };
}
