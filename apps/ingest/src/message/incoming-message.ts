import type { IntakeMessage, OperationClass } from '@medrex/contracts';
import type { SignatureOfMessage } from '@medrex/execute-batch';
import type { Problem } from '../problem.ts';

/** How a body is to be used where it does not say so itself. */
export type IntakeRequest = NonNullable<IntakeMessage['request']>;

/** Where a message stood in an intake topic. */
export interface IntakePlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** What the sender says about a message, beside its body; everything may be missing. */
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
  /** Who signed it; then source, id and time are the sender's own. */
  readonly author?: SignatureOfMessage;
}

/** A message with a body that could be read; its name may still be missing. */
export interface ReadMessage {
  readonly attributes: MessageAttributes;
  /** Parsed JSON; undefined when there is none, or while `isUnparsed`. */
  readonly body: unknown;
  /** True for a big body that was left as bytes, to be parsed on another thread. */
  readonly isUnparsed?: boolean;
  /** The body as the sender wrote it: what the digest is made of. */
  readonly bytes: Uint8Array;
}

/** A message at the door, named, before anything of it was understood. */
export interface IncomingMessage extends ReadMessage {
  readonly source: string;
  readonly id: string;
  /** The sender gave no id: another sending of the same bytes is another message. */
  readonly isIdDerived: boolean;
  /** Id of its first operation, and so the name of the message among all others. */
  readonly opId: string;
  /** Keyed hash of the source bytes. */
  readonly digest: string;
  /** Absent for HTTP. */
  readonly place?: IntakePlace;
  /** When the intake topic took it in, epoch ms; absent for HTTP. */
  readonly takenInMs?: number;
  /** Set when this is no message but an operation of one that ended dead: `bytes` are the operation's, `opId` and `digest` those of the new attempt. */
  readonly resend?: Resend;
}

/** Another attempt of one operation. */
export interface Resend {
  /** 1 for the first resend. */
  readonly attempt: number;
  /** The operation that ended dead. */
  readonly of: string;
  /** Which item of its message it was. */
  readonly item: number;
}

/** What reading a request, a line or a log record comes to. */
export type Reading =
  { readonly kind: 'message'; readonly message: ReadMessage } | { readonly kind: 'problem'; readonly problem: Problem };
