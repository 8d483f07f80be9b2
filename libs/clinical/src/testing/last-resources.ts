import type { OperationResult } from '@medrex/execute-batch';
import type { FhirResource } from '../fhir/datatypes.ts';
import type { HistoryMessage } from './histories.ts';

/** The last applied version of each resource: the model that states are compared with. */
export class LastResources {
  readonly #resources = new Map<string, HistoryMessage & { readonly resource: FhirResource }>();

  /** Records a message and its result. */
  record(message: HistoryMessage, { status }: Pick<OperationResult, 'status'>): void {
    if (status !== 'applied') return;
    const { type, id, resource } = message;
    if (resource === undefined) this.#resources.delete(`${type}/${id}`);
    else this.#resources.set(`${type}/${id}`, { type, id, resource });
  }

  all(): readonly (HistoryMessage & { readonly resource: FhirResource })[] {
    return [...this.#resources.values()];
  }

  /** The resources of a type in these statuses, each with its id. */
  of(type: string, ...statuses: readonly string[]): readonly (FhirResource & { readonly id: string })[] {
    return this.all()
      .filter((message) => message.type === type && statuses.includes(String(message.resource['status'])))
      .map(({ id, resource }) => ({ ...resource, id }));
  }
}
