import type { ErrorDescription } from '@medrex/coded-error';

/** Every error that this package throws; the generated error reference is made from it. */
export const clinicalErrors = {
  SPACE_FORBIDDEN: {
    code: 'SPACE_FORBIDDEN',
    retryable: false,
    meaning: 'A resource module touched a key outside its key spaces, for example a clinical module a financial key.',
    remedy: 'Correct the module; the operation is dead as CONTRACT_ERROR and can be resent after an upgrade.',
  },
  INVALID_REGISTRY: {
    code: 'INVALID_REGISTRY',
    retryable: false,
    meaning:
      'Resource modules contradict each other: two for one type, one in the clinical and the financial space at once, or one that is decided on itself.',
    remedy: 'Correct the list of modules in the registry.',
  },
  UNKNOWN_FACTS: {
    code: 'UNKNOWN_FACTS',
    retryable: false,
    meaning: 'The facts of an operation are not what the clinical intake writes.',
    remedy: 'Build operations with clinicalIntake; changed facts indicate a damaged log record.',
  },
} as const satisfies Record<string, ErrorDescription>;
