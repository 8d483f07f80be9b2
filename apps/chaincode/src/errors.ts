import type { ErrorDescription } from '@medrex/coded-error';

/** Every error of the chaincode process; the generated error reference is made from it. */
export const chaincodeErrors = {
  CONTRACT_MODULE: {
    code: 'CHAINCODE_CONTRACT_MODULE',
    retryable: false,
    meaning: 'MEDREX_CONTRACTS of the chaincode names something that is no contract.',
    remedy: 'Write module#export; the export has a name, templateVersions and apply.',
  },
} as const satisfies Record<string, ErrorDescription>;
