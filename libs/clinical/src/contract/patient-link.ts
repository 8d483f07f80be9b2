import type { State } from '@medrex/execute-batch';
import { linkKey } from '@medrex/keys';
import { reject } from './rejects.ts';
import { readJson } from './state-json.ts';

/** How many merges may stand between a patient and the one its messages land on. */
export const linkHopsMax = 8;

/**
 * Follows merges: the pseudonym that messages about `patient` land on. Reads the patient's link, and those of the
 * survivors if it was merged.
 * @throws Reject LINK_CHAIN_TOO_LONG
 */
export async function survivorOf(state: State, patient: string): Promise<string> {
  let current = patient;
  for (let hops = 0; hops <= linkHopsMax; hops++) {
    const into = (await readJson(state, linkKey(current)))?.['into'];
    if (typeof into !== 'string') return current;
    current = into;
  }
  throw reject(
    'LINK_CHAIN_TOO_LONG',
    `the patient was merged more than ${linkHopsMax} times; send messages under the surviving patient's identifier`,
  );
}
