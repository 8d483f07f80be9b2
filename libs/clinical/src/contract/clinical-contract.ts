import { CodedError } from '@medrex/coded-error';
import {
  Reject,
  type Budget,
  type Contract,
  type JsonObject,
  type JsonValue,
  type Operation,
  type State,
} from '@medrex/execute-batch';
import { clinicalErrors } from '../errors.ts';
import { applyEntry } from './apply-entry.ts';
import type { Entry } from './entry.ts';
import type { Registry } from './registry.ts';

/** Name that operations carry for this contract. */
export const clinicalContractName = 'clinical';

/**
 * The clinical contract for a set of resource modules. `apply` runs the entries of an operation in order. The first
 * reject undoes all of them and names its entry. The result is a list with one result per entry.
 */
export function contractOf(registry: Registry): Contract {
  return {
    name: clinicalContractName,
    templateVersions: registry.templateVersions,
    apply: (operation, state, budget) => applyOperation(registry, operation, state, budget),
  };
}

async function applyOperation(
  registry: Registry,
  operation: Operation,
  state: State,
  budget: Budget,
): Promise<JsonValue> {
  const entries = entriesOf(operation.facts);
  const results: { readonly place: number; readonly result: JsonObject }[] = [];
  for (const entry of entries) {
    budget.spend(1);
    try {
      results.push({
        place: entry.place ?? 0,
        result: await applyEntry({ entry, operation, registry, state, budget }),
      });
    } catch (error) {
      throw error instanceof Reject ? withEntry(error, entry) : error;
    }
  }
  // Entries are applied in FHIR's order. Results are returned in the order of the Bundle.
  return results.sort((left, right) => left.place - right.place).map(({ result }) => result);
}

function entriesOf(facts: JsonObject): readonly Entry[] {
  const entries = facts['entries'];
  if (Array.isArray(entries)) return entries as readonly Entry[];
  throw new CodedError(clinicalErrors.UNKNOWN_FACTS, 'the facts of a clinical operation hold no entries');
}

/** The same reject with the index of its entry and the expression within the Bundle. */
function withEntry(error: Reject, { type, place }: Entry): Reject {
  const inner = typeof error.detail?.['expression'] === 'string' ? error.detail['expression'] : type;
  const expression = place === undefined ? inner : `Bundle.entry[${place}].resource${inner.slice(type.length)}`;
  const detail: JsonObject = { ...error.detail, expression };
  return new Reject(error.code, error.message, place === undefined ? detail : { ...detail, entry: place });
}
