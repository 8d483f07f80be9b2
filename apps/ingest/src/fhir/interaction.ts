import type { IncomingHttpHeaders } from 'node:http';
import type { Preferences } from '../http/reply.ts';
import type { IntakeRequest } from '../message/incoming-message.ts';

/** What the request asks for: a Bundle at the root, or one resource. */
export interface Interaction {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly prefer: Preferences;
  /** Undefined for a Bundle. */
  readonly request?: IntakeRequest;
  /** Address of the FHIR endpoint, for absolute locations. */
  readonly baseUrl: string;
}
