import { clinicalRefusals } from '@medrex/clinical';

/** Codes with which the clinical contract refuses messages, for metrics. */
export const fhirRefusalCodes: readonly string[] = Object.keys(clinicalRefusals);
