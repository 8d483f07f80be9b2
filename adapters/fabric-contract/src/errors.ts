import type { ErrorDescription } from '@medrex/coded-error';

/** Every error of a contract that runs behind a peer; the generated error reference is made from it. */
export const fabricContractErrors = {
  NAME_TAKEN: {
    code: 'CONTRACT_NAME_TAKEN',
    retryable: false,
    meaning: 'A contract given to withExecuteBatch has a function named executeBatch already.',
    remedy: 'Rename the function; the pipeline calls executeBatch by that name.',
  },
  ADDRESS_INVALID: {
    code: 'CHAINCODE_ADDRESS_INVALID',
    retryable: false,
    meaning: 'The address of the chaincode server cannot be listened on.',
    remedy: 'Give host:port, with a port that is free and a host of this machine.',
  },
  SHIM_UNKNOWN: {
    code: 'CHAINCODE_SHIM_UNKNOWN',
    retryable: false,
    meaning:
      'fabric-shim is of another version than this package was written for, and lacks what serving contracts needs.',
    remedy: 'Install the version of fabric-shim that the lockfile names.',
  },
} as const satisfies Record<string, ErrorDescription>;
