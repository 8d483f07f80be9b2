import type { ErrorDescription } from '@medrex/coded-error';

/** All errors of the chaincode process; the error reference is generated from them. */
export const chaincodeErrors = {
  CONTRACT_MODULE: {
    code: 'CHAINCODE_CONTRACT_MODULE',
    retryable: false,
    meaning: 'MEDREX_CONTRACTS of the chaincode names something that is not a contract.',
    remedy: 'Write module#export; the export must have a name, templateVersions and apply.',
  },
} as const satisfies Record<string, ErrorDescription>;
