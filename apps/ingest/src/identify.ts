import { mintId, operationId, sourceHash, type LogRecord } from '@medrex/contracts';
import type { IncomingMessage, IntakeRequest, ReadMessage } from './message/incoming-message.ts';

/** What HTTP messages come from when the sender names no source. */
export const httpSource = 'urn:medrex:http';

/** Names of an HTTP message that stand outside of it: the request's own, for the lines of a batch. */
export interface RequestNames {
  readonly source?: string;
  /** Idempotency-Key of the whole request: a line without an id is then `<key>/<line>`, so the request can be repeated. */
  readonly idPrefix?: string;
  /** Which line or part of the request it is. */
  readonly part?: number;
}

export interface IdentifierOptions {
  /** The channel's identity key. */
  readonly identityKey: Uint8Array;
  /** Tells this process from every other, earlier ones of the same host included. */
  readonly instance: string;
  /** Which event log the intake topics are in: offsets of another cluster are other messages. */
  readonly cluster: string;
}

/**
 * Gives messages their names (protocol, identity): the sender's, else one made of where the message came in. A Kafka message
 * without an id is named by its place, so a redelivery is recognised; an HTTP request without one by a number that is never
 * used again, so a second sending is a second message.
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

  /** The id of a log record that carries none. */
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

/** A plain POST says nothing that the body does not; everything else makes the same bytes another message. */
function requestBytes({ method, url, ifMatch, ifNoneExist }: IntakeRequest): Uint8Array | undefined {
  if (method === 'POST' && ifMatch === undefined && ifNoneExist === undefined) return undefined;
  return Buffer.from(`${JSON.stringify([method, url, ifMatch ?? null, ifNoneExist ?? null])}\n`);
}
