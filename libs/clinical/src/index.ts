export { contractOf } from './contract/clinical-contract.ts';
export { clinicalRejects, type ClinicalReject, type RejectDescription } from './contract/rejects.ts';
export { recordLines, registryOf, type Registry } from './contract/registry.ts';
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
