import type { IntakeMessage, OperationClass } from '@medrex/contracts';
import type { SignatureOfMessage } from '@medrex/execute-batch';
import type { Problem } from '../problem.ts';

/** How to use the body: method, URL and conditions, as in FHIR. */
export type IntakeRequest = NonNullable<IntakeMessage['request']>;

/** Topic, partition and offset of a message in an intake topic. */
export interface IntakePlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Attributes of a message given by its sender; all are optional. */
export interface MessageAttributes {
  readonly source?: string;
  readonly id?: string;
  readonly contract?: string;
  readonly contentType?: string;
  /** The sender's own time, ISO 8601 UTC. */
  readonly time?: string;
  readonly class?: OperationClass;
  readonly deadlineMs?: number;
  readonly traceparent?: string;
  readonly request?: IntakeRequest;
  /** The author's signature; then source, id and time are always given by the sender. */
  readonly author?: SignatureOfMessage;
}

/** A message whose body could be read; it may not have a name yet. */
export interface ReadMessage {
  readonly attributes: MessageAttributes;
  /** Parsed JSON; undefined when there is none, or while `isUnparsed`. */
  readonly body: unknown;
  /** True for a large body that a worker thread will parse. */
  readonly isUnparsed?: boolean;
  /** The body as the sender wrote it; the digest covers these bytes. */
  readonly bytes: Uint8Array;
}

/** A named message before its translation. */
export interface IncomingMessage extends ReadMessage {
  readonly source: string;
  readonly id: string;
  /** True when the sender gave no id; sent again, the same bytes are another message. */
  readonly isIdDerived: boolean;
  /** Id of its first operation; unique for the message. */
  readonly opId: string;
  /** Keyed hash of the source bytes. */
  readonly digest: string;
  /** Absent for HTTP. */
  readonly place?: IntakePlace;
  /** When it was appended to the intake topic, epoch ms; absent for HTTP. */
  readonly takenInMs?: number;
  /** Set for the resend of a dead operation: `bytes` are those of the operation, `opId` and `digest` those of the new attempt. */
  readonly resend?: Resend;
}

/** The resend of a dead operation. */
export interface Resend {
  /** 1 for the first resend. */
  readonly attempt: number;
  /** Id of the dead operation. */
  readonly of: string;
  /** Its item number in the message. */
  readonly item: number;
}

/** The result of reading a request, a line or a log record. */
export type Reading =
  { readonly kind: 'message'; readonly message: ReadMessage } | { readonly kind: 'problem'; readonly problem: Problem };
