import { firstCode } from '../fhir/codes.ts';
import type { CodeableConcept, Quantity, Reference } from '../fhir/datatypes.ts';
import type { ResourceModule } from '../contract/resource-module.ts';
import { checkStatus, type StatusRule } from './status-rule.ts';
import { moveStock, quantityIssues, stockQuantityOf, stockKey, type StockQuantity } from './stock.ts';

type DeliveryFacts = {
  readonly status?: string;
  /** What the delivery adds to a stock once it is completed. */
  readonly brings?: StockQuantity;
};

interface SupplyDelivery {
  readonly status?: string;
  readonly destination?: Reference;
  readonly suppliedItem?: {
    readonly quantity?: Quantity;
    readonly itemCodeableConcept?: CodeableConcept;
    readonly itemReference?: Reference;
  };
}

const expression = 'SupplyDelivery.suppliedItem.quantity';

// https://hl7.org/fhir/R4/valueset-supplydelivery-status.html
const statusRule: StatusRule = {
  completed: ['entered-in-error'],
  abandoned: ['entered-in-error'],
  'entered-in-error': [],
};

const broughtBy = ({ status, brings }: DeliveryFacts) => (status === 'completed' ? brings : undefined);

/** Deliveries to a location. They fill the stocks that doses are taken from. */
export const supplyDelivery: ResourceModule<DeliveryFacts, DeliveryFacts> = {
  type: 'SupplyDelivery',
  class: 'clinical',
  space: 'clinical',
  templateVersion: 1,
  lines: [
    {
      key: 'cli~stock~<location>~<medicine>',
      mode: 'readWrite',
      when: 'completed or an update, with destination, coded item and quantity',
      why: 'doses may not take more than was delivered',
    },
  ],
  check: (resource) => quantityIssues((resource as SupplyDelivery).suppliedItem?.quantity, expression),
  facts: (resource, references) => {
    const { status, destination, suppliedItem } = resource as SupplyDelivery;
    const medicine = firstCode(suppliedItem?.itemCodeableConcept) ?? references.id(suppliedItem?.itemReference);
    const brings = stockQuantityOf(references.id(destination), medicine, suppliedItem?.quantity);
    return { status, brings };
  },
  headFacts: (facts) => facts,
  template: ({ action, facts }) =>
    facts.brings !== undefined && (action === 'update' || facts.status === 'completed')
      ? [{ key: stockKey(facts.brings), mode: 'readWrite' }]
      : [],
  apply: async ({ facts }, state, { previous }) => {
    const before = previous?.isDeleted === false ? previous.facts : {};
    checkStatus(statusRule, 'SupplyDelivery.status', before.status, facts.status);
    await moveStock(state, { before: broughtBy(before), after: broughtBy(facts), expression });
    return undefined;
  },
  remove: async (_removal, state, { previous }) =>
    moveStock(state, { before: previous && broughtBy(previous.facts), after: undefined, expression }),
};
