import type { State } from '@medrex/execute-batch';
import { linkKey } from '@medrex/keys';
import { reject } from './rejects.ts';
import { readJson } from './state-json.ts';

/** Longest chain of merges from a patient to the surviving one. */
export const linkHopsMax = 8;

/**
 * Follows merges: the pseudonym of the patient that messages about `patient` apply to. Reads the link of the patient
 * and, if it was merged, those of its survivors.
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
