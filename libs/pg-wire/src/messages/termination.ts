import { emptyMessage } from '../body-writer.ts';
import { frontend } from '../message-types.ts';

/** The client ends the session. */
export const terminate = (): Buffer => emptyMessage(frontend.terminate);
