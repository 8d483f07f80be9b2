import type { RefusalIssue } from '@medrex/contracts';
import type { State } from '@medrex/execute-batch';
import type { DeclaredKey } from '@medrex/keys';
import { headKey } from '../contract/record-keys.ts';
import type { References, ResourceModule } from '../contract/resource-module.ts';
import { firstCode } from '../fhir/codes.ts';
import type { CodeableConcept, FhirResource, Quantity, Reference } from '../fhir/datatypes.ts';
import { extensionReference } from '../fhir/extension.ts';
import { issue } from '../fhir/issues.ts';
import { checkGivable, countDose, givenKey } from './given-order.ts';
import { medicineOf } from './medicine.ts';
import { checkStatus, type StatusRule } from './status-rule.ts';
import { moveStock, quantityIssues, stockQuantityOf, stockKey, negated, type StockQuantity } from './stock.ts';

/** Extension that names the location whose stock a dose is taken from. */
export const stockLocationUrl = 'https://medrex.dev/fhir/StructureDefinition/stock-location';

type DoseFacts = {
  readonly status: string;
  /** Id of the order that the dose is given on. */
  readonly order?: string;
  /** What the dose takes from a stock once it is given. */
  readonly takes?: StockQuantity;
};

type MedicationAdministration = FhirResource & {
  readonly status?: string;
  readonly request?: Reference;
  readonly dosage?: { readonly dose?: Quantity };
  readonly medicationCodeableConcept?: CodeableConcept;
  readonly medicationReference?: Reference;
};

const expression = 'MedicationAdministration.dosage.dose';

// https://hl7.org/fhir/R4/valueset-medication-admin-status.html: a dose that was given can only become an error.
const statusRule: StatusRule = {
  'in-progress': ['on-hold', 'completed', 'stopped', 'not-done', 'entered-in-error', 'unknown'],
  'on-hold': ['in-progress', 'completed', 'stopped', 'not-done', 'entered-in-error', 'unknown'],
  completed: ['entered-in-error'],
  stopped: ['entered-in-error'],
  'not-done': ['entered-in-error'],
  'entered-in-error': [],
};

/**
 * Statuses in which a dose counts for its order and its stock: given wholly or, if stopped, in part. `dosage.dose` says
 * how much.
 */
const given: readonly string[] = ['completed', 'stopped'];
const isGiven = ({ status }: { readonly status: string }) => given.includes(status);

/** The order is checked when the dose begins, because an infusion may end after its order has. */
const hasBegun = ({ status }: { readonly status: string }) =>
  isGiven({ status }) || ['in-progress', 'on-hold'].includes(status);

/**
 * Doses. A given dose is counted on its order, which must be active when the dose begins, and is taken from the stock
 * that it names.
 */
export const medicationAdministration: ResourceModule<DoseFacts, DoseFacts> = {
  type: 'MedicationAdministration',
  class: 'clinical',
  space: 'clinical',
  templateVersion: 1,
  decidedOn: ['MedicationRequest', 'SupplyDelivery'],
  lines: [
    {
      key: 'cli~res~MedicationRequest~<order>',
      mode: 'read',
      when: 'when the dose begins, with an order',
      why: 'the order must be active, and of the same patient',
    },
    {
      key: 'cli~given~<order>',
      mode: 'readWrite',
      when: 'given or entered in error, with an order',
      why: 'doses of an order are counted',
    },
    {
      key: 'cli~stock~<location>~<medicine>',
      mode: 'readWrite',
      when: 'given or entered in error, with a stock location',
      why: 'the stock never falls below zero',
    },
  ],
  check: checkDose,
  facts: (resource, references) => {
    const { status, request } = resource as MedicationAdministration;
    return { status: status ?? 'unknown', order: references.id(request), takes: takenBy(resource, references) };
  },
  headFacts: (facts) => facts,
  template: ({ action, facts }) => keysOf(facts, action === 'update'),
  apply: async ({ patient, facts }, state, { previous, time, survivor }) => {
    const before = previous?.isDeleted === false ? previous.facts : undefined;
    checkStatus(statusRule, 'MedicationAdministration.status', before?.status, facts.status);
    const { order } = facts;
    const isGoingOn = before !== undefined && hasBegun(before) && before.order === order;
    if (order !== undefined && hasBegun(facts) && !isGoingOn) await checkGivable(state, { order, patient, survivor });
    return settle(state, before, facts, time);
  },
  remove: async (_removal, state, { previous, time }) => {
    await settle(state, previous?.facts, undefined, time);
  },
};

/** Counts and takes what the present version gives, and undoes what an earlier version counted and took. */
async function settle(state: State, before: DoseFacts | undefined, after: DoseFacts | undefined, time: string) {
  const countedBefore = before !== undefined && isGiven(before) ? before : undefined;
  const countedAfter = after !== undefined && isGiven(after) ? after : undefined;
  await moveStock(state, {
    before: countedBefore?.takes && negated(countedBefore.takes),
    after: countedAfter?.takes && negated(countedAfter.takes),
    expression,
  });
  if (countedBefore?.order !== undefined && countedBefore.order !== countedAfter?.order)
    await countDose(state, countedBefore.order, -1, time);
  if (countedAfter?.order === undefined) return undefined;
  return {
    dosesOfOrder: await countDose(state, countedAfter.order, countedAfter.order === countedBefore?.order ? 0 : 1, time),
  };
}

function keysOf(facts: DoseFacts, isUpdate: boolean): readonly DeclaredKey[] {
  const { order, takes } = facts;
  const keys: DeclaredKey[] = [];
  const mayCount = isGiven(facts) || (isUpdate && facts.status === 'entered-in-error');
  if (order !== undefined && hasBegun(facts))
    keys.push({ key: headKey('clinical', 'MedicationRequest', order), mode: 'read' });
  if (order !== undefined && mayCount) keys.push({ key: givenKey(order), mode: 'readWrite' });
  if (takes !== undefined && mayCount) keys.push({ key: stockKey(takes), mode: 'readWrite' });
  return keys;
}

function takenBy(resource: FhirResource, references: References): StockQuantity | undefined {
  const { codes, medication } = medicineOf(resource, references);
  const { dosage } = resource as MedicationAdministration;
  return stockQuantityOf(
    references.id(extensionReference(resource, stockLocationUrl)),
    codes[0] ?? medication,
    dosage?.dose,
  );
}

function checkDose(resource: FhirResource): readonly RefusalIssue[] {
  const { status = '', dosage, medicationCodeableConcept, medicationReference } = resource as MedicationAdministration;
  const issues = quantityIssues(dosage?.dose, expression);
  if (extensionReference(resource, stockLocationUrl) === undefined || !isGiven({ status })) return issues;
  const required = (at: string, what: string) =>
    issue('required', at, `A dose that is taken from a stock needs ${what}.`);
  return [
    ...issues,
    ...(dosage?.dose?.value === undefined ? [required(expression, 'dosage.dose.value')] : []),
    ...(medicationReference === undefined && firstCode(medicationCodeableConcept) === undefined
      ? [required('MedicationAdministration.medication', 'a coded medicine')]
      : []),
  ];
}
