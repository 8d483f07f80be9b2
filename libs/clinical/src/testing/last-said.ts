import type { OperationResult } from '@medrex/execute-batch';
import type { FhirResource } from '../fhir/datatypes.ts';
import type { Said } from './histories.ts';

/** What stands of each resource, by what was applied: the model that states are compared with. */
export class LastSaid {
  readonly #resources = new Map<string, Said & { readonly resource: FhirResource }>();

  /** Notes a message and what it came to. */
  note(said: Said, { status }: Pick<OperationResult, 'status'>): void {
    if (status !== 'applied') return;
    const { type, id, resource } = said;
    if (resource === undefined) this.#resources.delete(`${type}/${id}`);
    else this.#resources.set(`${type}/${id}`, { type, id, resource });
  }

  all(): readonly (Said & { readonly resource: FhirResource })[] {
    return [...this.#resources.values()];
  }

  /** The resources of a type in these statuses, each with the id that it was put under. */
  of(type: string, ...statuses: readonly string[]): readonly (FhirResource & { readonly id: string })[] {
    return this.all()
      .filter((said) => said.type === type && statuses.includes(String(said.resource['status'])))
      .map(({ id, resource }) => ({ ...resource, id }));
  }
}
