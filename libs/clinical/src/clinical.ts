import type { IntakeContract } from '@medrex/contracts';
import type { Contract } from '@medrex/execute-batch';
import { contractOf } from './contract/clinical-contract.ts';
import { registryOf } from './contract/registry.ts';
import { intakeOf } from './intake/clinical-intake.ts';
import type { IntakeOptions } from './intake/intake-options.ts';
import { genericRecord } from './resources/generic-record.ts';
import { resourceModules } from './resources/index.ts';

/** The resource types with rules of their own. Every other R4 type is kept as a plain record. */
export const clinicalRegistry = registryOf(resourceModules, genericRecord);

/** The contract: it runs in the chaincode and in the embedded ledger alike. */
export const clinicalContract: Contract = contractOf(clinicalRegistry);

/** The intake: it translates FHIR R4 messages to operations. */
export function clinicalIntake(options: IntakeOptions = {}): IntakeContract {
  return intakeOf(clinicalRegistry, options);
}
