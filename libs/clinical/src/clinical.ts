import type { IntakeContract } from '@medrex/contracts';
import type { Contract } from '@medrex/execute-batch';
import { contractOf } from './contract/clinical-contract.ts';
import { registryOf } from './contract/registry.ts';
import { intakeOf } from './intake/clinical-intake.ts';
import type { IntakeOptions } from './intake/intake-options.ts';
import { genericRecord } from './resources/generic-record.ts';
import { resourceModules } from './resources/index.ts';

/** All resource types that Medrex knows something special about; every other one of R4 is kept as a record. */
export const clinicalRegistry = registryOf(resourceModules, genericRecord);

/** The ledger's half: runs in the chaincode and in the embedded ledger, the same code. */
export const clinicalContract: Contract = contractOf(clinicalRegistry);

/** Ingest's half: FHIR R4 messages to operations. */
export function clinicalIntake(options: IntakeOptions = {}): IntakeContract {
  return intakeOf(clinicalRegistry, options);
}
