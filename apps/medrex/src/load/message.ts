/** One message of the load, in the form of a line of `POST /v1/batches`. */
export interface LoadMessage {
  readonly id: string;
  readonly source: string;
  /** Time of the event, ISO 8601. */
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

/** PUT of a resource under an id chosen by the sender. */
export function put(id: string, resource: FhirResource): Draft {
  return { resource: { ...resource, id }, request: { method: 'PUT', url: `${resource.resourceType}/${id}` } };
}

/**
 * The subject of a message: its patient, device or place. Messages of one subject must reach ingest in order; undefined for messages
 * without an order.
 */
export function subjectOf({ resource }: Pick<LoadMessage, 'resource'>): string | undefined {
  const { id, subject, patient, source, destination, participant } = resource;
  for (const one of [subject, patient, source, destination, actorOf(participant)]) {
    const named = referenceOf(one);
    if (named !== undefined) return named;
  }
  return typeof id === 'string' ? `${resource.resourceType}/${id}` : undefined;
}

function actorOf(participants: unknown): unknown {
  const [first] = Array.isArray(participants) ? (participants as readonly { readonly actor?: unknown }[]) : [];
  return first?.actor;
}

function referenceOf(value: unknown): string | undefined {
  const reference = (value as { readonly reference?: unknown } | undefined)?.reference;
  return typeof reference === 'string' ? reference : undefined;
}
