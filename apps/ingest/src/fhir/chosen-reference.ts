import { isJsonObject } from '../message/json-text.ts';
import type { IntakeRequest } from '../message/incoming-message.ts';
import type { ChosenReference } from './entry-response.ts';

/** Of a single interaction: the reference that a PUT names. */
export function chosenByRequest({ method, url }: Pick<IntakeRequest, 'method' | 'url'>): string | undefined {
  return method === 'PUT' && /^[A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/.test(url) ? url : undefined;
}

/**
 * Of a Bundle: the references that its entries put. Where the entries are not at hand, its answer tells the ledger's own ids, which
 * name the same resources.
 *
 * @param item of a batch, whose entries are operations of their own; undefined for a transaction.
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
