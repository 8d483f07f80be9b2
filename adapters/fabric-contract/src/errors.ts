import type { ErrorDescription } from '@medrex/coded-error';

/** Every error of a contract behind a peer; docs/errors.md lists them. */
export const fabricContractErrors = {
  NAME_TAKEN: {
    code: 'CONTRACT_NAME_TAKEN',
    retryable: false,
    meaning: 'A contract passed to withExecuteBatch already has a function named executeBatch.',
    remedy: 'Rename the function; the pipeline calls executeBatch by that name.',
  },
  ADDRESS_INVALID: {
    code: 'CHAINCODE_ADDRESS_INVALID',
    retryable: false,
    meaning: 'The chaincode server cannot listen on its address.',
    remedy: 'Set host:port, with a free port and a host name or address of this machine.',
  },
  SHIM_UNKNOWN: {
    code: 'CHAINCODE_SHIM_UNKNOWN',
    retryable: false,
    meaning:
      'fabric-shim has another version than this package was written for, and lacks functions that serving contracts needs.',
    remedy: 'Install the version of fabric-shim that the lockfile names.',
  },
} as const satisfies Record<string, ErrorDescription>;
