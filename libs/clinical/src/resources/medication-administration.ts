import type { State } from '@medrex/execute-batch';
import { stateKey, type DeclaredKey, type StateKey } from '@medrex/keys';
import { readHead } from '../contract/record.ts';
import { headKey } from '../contract/record-keys.ts';
import { reject } from '../contract/rejects.ts';
import type { ResourceModule } from '../contract/resource-module.ts';
import { readJson, writeJson } from '../contract/state-json.ts';
import { firstCode } from '../fhir/codes.ts';
import type { CodeableConcept, Quantity, Reference } from '../fhir/datatypes.ts';
import { extensionReference } from '../fhir/extension.ts';
import { changeStock, stockKey, thousandths, type StockPlace } from './stock.ts';

/** The extension that names the location whose stock a dose is taken from. */
export const stockLocationUrl = 'https://medrex.dev/fhir/StructureDefinition/stock-location';

type DoseFacts = {
  readonly status: string;
  /** Id of the order that is administered. */
  readonly order?: string;
  readonly stock?: StockPlace;
  /** What is taken from the stock, in thousandths. */
  readonly quantity?: number;
};
type DoseHead = DoseFacts;

// R4's value set; what may follow what. A dose that was entered in error stays so.
const following: Readonly<Record<string, readonly string[]>> = {
  'in-progress': ['in-progress', 'on-hold', 'completed', 'stopped', 'not-done', 'entered-in-error'],
  'on-hold': ['on-hold', 'in-progress', 'completed', 'stopped', 'not-done', 'entered-in-error'],
  completed: ['completed', 'entered-in-error'],
  stopped: ['stopped', 'entered-in-error'],
  'not-done': ['not-done', 'entered-in-error'],
  unknown: ['unknown', 'in-progress', 'on-hold', 'completed', 'stopped', 'not-done', 'entered-in-error'],
  'entered-in-error': ['entered-in-error'],
};

/** A dose counts, for its order and its stock, once it was given. */
const isGiven = ({ status }: DoseFacts) => status === 'completed';

const givenKey = (order: string): StateKey => stateKey('clinical', 'given', order);

/** Doses: each given one is counted on its order, which must be active, and taken from the stock that it names. */
export const medicationAdministration: ResourceModule<DoseFacts, DoseHead> = {
  type: 'MedicationAdministration',
  class: 'clinical',
  space: 'clinical',
  templateVersion: 1,
  lines: [
    {
      key: 'cli~res~MedicationRequest~<order>',
      mode: 'read',
      when: 'given, with an order',
      why: 'the order must be active',
    },
    { key: 'cli~given~<order>', mode: 'readWrite', when: 'given, with an order', why: 'doses of an order are counted' },
    {
      key: 'cli~stock~<location>~<medicine>',
      mode: 'readWrite',
      when: 'given, with a stock location',
      why: 'the stock never falls below zero',
    },
  ],
  facts: (resource, references) => {
    const { status, request, medicationCodeableConcept, medicationReference, dosage } = resource as {
      readonly status?: string;
      readonly request?: Reference;
      readonly medicationCodeableConcept?: CodeableConcept;
      readonly medicationReference?: Reference;
      readonly dosage?: { readonly dose?: Quantity };
    };
    const location = references.id(extensionReference(resource, stockLocationUrl));
    const medicine = firstCode(medicationCodeableConcept) ?? references.id(medicationReference);
    const dose = dosage?.dose?.value;
    const isTaken = location !== undefined && medicine !== undefined && dose !== undefined && dose >= 0;
    return {
      status: status ?? 'unknown',
      order: references.id(request),
      ...(isTaken ? { stock: { location, medicine }, quantity: thousandths(dose) } : {}),
    };
  },
  headFacts: (facts) => facts,
  template: ({ facts }) => (isGiven(facts) ? keysOf(facts) : []),
  apply: async ({ facts }, state, { previous, time }) => {
    const before = previous === undefined || previous.isDeleted ? undefined : previous.facts;
    if (before !== undefined && following[before.status]?.includes(facts.status) !== true) {
      throw reject('STATUS_TRANSITION', `${facts.status} cannot follow ${before.status}`, {
        expression: 'MedicationAdministration.status',
      });
    }
    if (before !== undefined && isGiven(before)) await takeBack(before, state);
    return isGiven(facts) ? give(facts, state, time) : undefined;
  },
  remove: async (_removal, state, { previous }) => {
    if (previous !== undefined && isGiven(previous.facts)) await takeBack(previous.facts, state);
  },
};

function keysOf({ order, stock }: DoseFacts): readonly DeclaredKey[] {
  return [
    ...(order === undefined
      ? []
      : ([
          { key: headKey('clinical', 'MedicationRequest', order), mode: 'read' },
          { key: givenKey(order), mode: 'readWrite' },
        ] as const)),
    ...(stock === undefined ? [] : ([{ key: stockKey(stock), mode: 'readWrite' }] as const)),
  ];
}

async function give({ order, stock, quantity = 0 }: DoseFacts, state: State, time: string) {
  let given: number | undefined;
  if (order !== undefined) {
    const head = await readHead(state, 'clinical', 'MedicationRequest', order);
    if (head === undefined || head.isDeleted || head.facts['status'] !== 'active') {
      throw reject('ORDER_NOT_ACTIVE', 'the order is not active; no dose can be given on it', {
        expression: 'MedicationAdministration.request',
      });
    }
    given = Number((await readJson(state, givenKey(order)))?.['doses'] ?? 0) + 1;
    writeJson(state, givenKey(order), { doses: given, last: time });
  }
  if (stock !== undefined) await changeStock(state, stock, -quantity);
  return given === undefined ? undefined : { dosesOfOrder: given };
}

/** A dose that was not given after all, or is recorded anew: its count and its stock are as before it. */
async function takeBack({ order, stock, quantity = 0 }: DoseFacts, state: State): Promise<void> {
  if (order !== undefined) {
    const count = await readJson(state, givenKey(order));
    if (count !== undefined)
      writeJson(state, givenKey(order), { ...count, doses: Math.max(0, Number(count['doses'] ?? 0) - 1) });
  }
  if (stock !== undefined) await changeStock(state, stock, quantity);
}
