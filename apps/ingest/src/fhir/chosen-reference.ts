import { isJsonObject } from '../message/json-text.ts';
import type { IntakeRequest } from '../message/incoming-message.ts';
import type { ChosenReference } from './entry-response.ts';

/** The reference in the URL of a PUT; undefined for other interactions. */
export function chosenByRequest({ method, url }: Pick<IntakeRequest, 'method' | 'url'>): string | undefined {
  return method === 'PUT' && /^[A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/.test(url) ? url : undefined;
}

/**
 * The references in the PUT entries of a Bundle. When its entries are not available, answers use the ids of the ledger, which name
 * the same resources.
 *
 * @param item index of the entry in a batch, whose entries are separate operations; undefined for a transaction
 */
export function chosenByBundle(entries: readonly unknown[], item: number | undefined): ChosenReference {
  return (place) => {
    const entry = entries[item ?? place];
    const request = isJsonObject(entry) ? entry['request'] : undefined;
    if (!isJsonObject(request)) return undefined;
    const { method, url } = request;
    return method === 'PUT' && typeof url === 'string' ? chosenByRequest({ method, url }) : undefined;
  };
}
