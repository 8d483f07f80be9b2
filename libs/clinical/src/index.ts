export { clinicalContract, clinicalIntake, clinicalRegistry } from './clinical.ts';
export { contractOf } from './contract/clinical-contract.ts';
export { clinicalRejects, type ClinicalReject, type RejectDescription } from './contract/rejects.ts';
export { keyTemplates, linesOf, recordLines } from './contract/key-templates.ts';
export { registryOf, type Registry } from './contract/registry.ts';
export type {
  ApplyContext,
  Change,
  CodedFields,
  Head,
  PatientMerge,
  References,
  Removal,
  ResourceModule,
  TemplateLine,
} from './contract/resource-module.ts';
export { clinicalErrors } from './errors.ts';
export { isResourceType } from './fhir/definitions.ts';
export { isOfR4 } from './fhir/fhir-version.ts';
export { withoutGeneralParameters } from './fhir/general-parameters.ts';
export { validateFhir } from './fhir/validate-fhir.ts';
export { intakeOf } from './intake/clinical-intake.ts';
export type { IntakeOptions } from './intake/intake-options.ts';
export { orderWarnings } from './resources/order-check.ts';
export { operationOutcome } from './intake/operation-outcome.ts';
export { patientIdSystem } from './intake/patient-identifiers.ts';
export { clinicalRefusals, type ClinicalRefusal } from './intake/problem.ts';
