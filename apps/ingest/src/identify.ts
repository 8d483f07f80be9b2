import { mintId, operationId, sourceHash, type LogRecord } from '@medrex/contracts';
import type { IncomingMessage, IntakeRequest, ReadMessage } from './message/incoming-message.ts';

/** Source of HTTP messages without one. */
export const httpSource = 'urn:medrex:http';

/** Names given by the HTTP request rather than by the message itself, for the lines of a batch. */
export interface RequestNames {
  readonly source?: string;
  /** Idempotency-Key of the request: a line without an id gets `<key>/<line>`, so that the request can be repeated. */
  readonly idPrefix?: string;
  /** Number of the line or part in the request. */
  readonly part?: number;
}

export interface IdentifierOptions {
  /** The channel's identity key. */
  readonly identityKey: Uint8Array;
  /** Unique id of this process, also among earlier processes of the host. */
  readonly instance: string;
  /** Name of the event log of the intake topics: equal offsets of two clusters are different messages. */
  readonly cluster: string;
}

/**
 * Gives messages their names (source, id): those of the sender, or derived ones. A Kafka message without an id is named by topic,
 * partition and offset, so that a redelivery is recognised; an HTTP request without one by a unique number, so that sending it
 * again makes a second message.
 */
export class MessageIdentifier {
  readonly #options: IdentifierOptions;
  #requests = 0;

  constructor(options: IdentifierOptions) {
    this.#options = options;
  }

  http(message: ReadMessage, names: RequestNames = {}): IncomingMessage {
    const source = message.attributes.source ?? names.source ?? httpSource;
    const digest = this.#digest(message);
    const prefixed = names.idPrefix === undefined ? undefined : `${names.idPrefix}/${names.part ?? 0}`;
    const id = message.attributes.id ?? prefixed;
    if (id !== undefined) return this.#named(message, source, id, digest, false);
    this.#requests += 1;
    const derived = mintId(this.#options.identityKey, 'http', this.#options.instance, String(this.#requests), digest);
    return this.#named(message, source, derived, digest, true);
  }

  record(message: ReadMessage, { topic, partition, offset, timestampMs }: LogRecord): IncomingMessage {
    const { source = topic, id } = message.attributes;
    const digest = this.#digest(message);
    const named = this.#named(
      message,
      source,
      id ?? this.placeId({ topic, partition, offset }, digest),
      digest,
      id === undefined,
    );
    return { ...named, place: { topic, partition, offset }, takenInMs: timestampMs };
  }

  /** The derived id of a log record without one. */
  placeId(
    place: { readonly topic: string; readonly partition: number; readonly offset: number },
    digest: string,
  ): string {
    const { identityKey, cluster } = this.#options;
    return mintId(identityKey, 'log', cluster, place.topic, String(place.partition), String(place.offset), digest);
  }

  #named(message: ReadMessage, source: string, id: string, digest: string, isIdDerived: boolean): IncomingMessage {
    const opId = operationId(this.#options.identityKey, { source, id, item: 0, attempt: 0 });
    return { ...message, source, id, isIdDerived, opId, digest };
  }

  #digest({ bytes, attributes: { request } }: ReadMessage): string {
    const changes = request === undefined ? undefined : requestBytes(request);
    return sourceHash(this.#options.identityKey, changes === undefined ? bytes : Buffer.concat([changes, bytes]));
  }
}

/** The parts of a request that belong to its digest: none for a plain POST; any other method, URL or condition makes another message. */
function requestBytes({ method, url, ifMatch, ifNoneExist }: IntakeRequest): Uint8Array | undefined {
  if (method === 'POST' && ifMatch === undefined && ifNoneExist === undefined) return undefined;
  return Buffer.from(`${JSON.stringify([method, url, ifMatch ?? null, ifNoneExist ?? null])}\n`);
}
