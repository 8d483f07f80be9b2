import { firstCode } from '../fhir/codes.ts';
import type { CodeableConcept, Quantity, Reference } from '../fhir/datatypes.ts';
import type { ResourceModule } from '../contract/resource-module.ts';
import { changeStock, stockKey, thousandths, type StockPlace } from './stock.ts';

type DeliveryFacts = {
  readonly status?: string;
  /** What a completed delivery adds, in thousandths. */
  readonly place?: StockPlace;
  readonly quantity?: number;
};
type DeliveryHead = { readonly place?: StockPlace; readonly quantity?: number };

/** Deliveries to a location: they fill the stock that doses take from. */
export const supplyDelivery: ResourceModule<DeliveryFacts, DeliveryHead> = {
  type: 'SupplyDelivery',
  class: 'clinical',
  space: 'clinical',
  templateVersion: 1,
  lines: [
    {
      key: 'cli~stock~<location>~<medicine>',
      mode: 'readWrite',
      when: 'completed, with destination and quantity',
      why: 'doses may not take more than was delivered',
    },
  ],
  facts: (resource, references) => {
    const { status, destination, suppliedItem } = resource as {
      readonly status?: string;
      readonly destination?: Reference;
      readonly suppliedItem?: { readonly quantity?: Quantity; readonly itemCodeableConcept?: CodeableConcept };
    };
    const location = references.id(destination);
    const medicine = firstCode(suppliedItem?.itemCodeableConcept);
    const value = suppliedItem?.quantity?.value;
    if (status !== 'completed' || location === undefined || medicine === undefined || value === undefined || value < 0)
      return { status };
    return { status, place: { location, medicine }, quantity: thousandths(value) };
  },
  headFacts: ({ place, quantity }) => ({ place, quantity }),
  template: ({ facts }) => (facts.place === undefined ? [] : [{ key: stockKey(facts.place), mode: 'readWrite' }]),
  apply: async ({ facts }, state, { previous }) => {
    if (previous !== undefined && !previous.isDeleted) await undo(previous.facts, state);
    if (facts.place !== undefined) await changeStock(state, facts.place, facts.quantity ?? 0);
    return undefined;
  },
  remove: async (_removal, state, { previous }) => {
    if (previous !== undefined) await undo(previous.facts, state);
  },
};

async function undo({ place, quantity = 0 }: DeliveryHead, state: Parameters<typeof changeStock>[0]): Promise<void> {
  if (place !== undefined) await changeStock(state, place, -quantity);
}
