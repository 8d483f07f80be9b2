import type { OperationClass } from '@medrex/contracts';
import type { ResourceModule } from '../contract/resource-module.ts';
import { isResourceType } from '../fhir/definitions.ts';

/** Class and key space of a type without a module. */
export interface RecordKind {
  readonly class: OperationClass;
  readonly space: ResourceModule['space'];
}

// R4 types without a module that are not clinical. All types that are not listed are clinical.
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
 * The module of a type without rules of its own: an append-only record with head and versions, its status in the facts.
 * The modules are cached; R4 has fewer than 150 types.
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
