import type { IncomingHttpHeaders } from 'node:http';
import type { Preferences } from '../http/reply.ts';
import type { IntakeRequest } from '../message/incoming-message.ts';

/** The requested interaction: a Bundle at the root, or a single resource. */
export interface Interaction {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly prefer: Preferences;
  /** Undefined for a Bundle. */
  readonly request?: IntakeRequest;
  /** Base URL of the FHIR endpoint, for absolute locations. */
  readonly baseUrl: string;
}
