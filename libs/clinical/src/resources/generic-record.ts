import type { OperationClass } from '@medrex/contracts';
import type { ResourceModule } from '../contract/resource-module.ts';
import { isResourceType } from '../fhir/definitions.ts';

/** What is kept of a type that has no module of its own: the record and its head. */
export interface RecordKind {
  readonly class: OperationClass;
  readonly space: ResourceModule['space'];
}

// Types of R4 that have no module and do not belong to care itself. Everything that is not listed is clinical.
const kinds: Readonly<Record<string, RecordKind>> = Object.fromEntries([
  ...kindOf('cpoe', 'clinical', [
    'DeviceRequest',
    'NutritionOrder',
    'RequestGroup',
    'ServiceRequest',
    'VisionPrescription',
  ]),
  ...kindOf('scheduling', 'scheduling', ['Appointment', 'AppointmentResponse', 'Schedule', 'Slot']),
  ...kindOf('financial', 'financial', [
    'Account',
    'ChargeItem',
    'ChargeItemDefinition',
    'Claim',
    'ClaimResponse',
    'Coverage',
    'CoverageEligibilityRequest',
    'CoverageEligibilityResponse',
    'EnrollmentRequest',
    'EnrollmentResponse',
    'ExplanationOfBenefit',
    'InsurancePlan',
    'Invoice',
    'PaymentNotice',
    'PaymentReconciliation',
  ]),
  ...kindOf('audit', 'audit', ['AuditEvent', 'Provenance']),
]);

function kindOf(operationClass: OperationClass, space: RecordKind['space'], types: readonly string[]) {
  return types.map((type) => [type, { class: operationClass, space }] as const);
}

/** Class and space of a type without a module. */
export function kindOfType(type: string): RecordKind {
  return (Object.hasOwn(kinds, type) ? kinds[type] : undefined) ?? { class: 'clinical', space: 'clinical' };
}

const made = new Map<string, ResourceModule>();

/**
 * The module of a type that has nothing special: an append-only record with head and versions, its status in the facts.
 * Modules of R4's types are made once; there are fewer than 150.
 */
export function genericRecord(type: string): ResourceModule {
  const known = made.get(type);
  if (known !== undefined) return known;
  const module: ResourceModule = {
    ...kindOfType(type),
    type,
    templateVersion: 1,
    lines: [],
    facts: ({ status }) => (typeof status === 'string' ? { status } : {}),
  };
  if (isResourceType(type)) made.set(type, module);
  return module;
}
