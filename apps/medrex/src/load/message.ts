/** One message of the load, as a line of `POST /v1/batches` carries it. */
export interface LoadMessage {
  readonly id: string;
  readonly source: string;
  /** When it happened, ISO 8601. */
  readonly time: string;
  readonly resource: FhirResource;
  readonly request?: {
    readonly method: 'POST' | 'PUT' | 'DELETE';
    readonly url: string;
    readonly ifNoneExist?: string;
  };
}

export type FhirResource = { readonly resourceType: string } & Readonly<Record<string, unknown>>;

/** A message before it has a name and a time. */
export type Draft = Pick<LoadMessage, 'resource' | 'request'>;

/** POST of a resource: the ledger mints its id. */
export function post(resource: FhirResource): Draft {
  return { resource, request: { method: 'POST', url: resource.resourceType } };
}

/** PUT of a resource under an id that the sender chose. */
export function put(id: string, resource: FhirResource): Draft {
  return { resource: { ...resource, id }, request: { method: 'PUT', url: `${resource.resourceType}/${id}` } };
}
