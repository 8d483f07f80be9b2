import { CodedError, type ErrorDescription } from '@medrex/coded-error';

export const ldapErrors = {
  LDAP_UNAVAILABLE: {
    code: 'LDAP_UNAVAILABLE',
    retryable: true,
    meaning: 'No server of the LDAP directory could check a password.',
    remedy:
      'Look at the servers, at their certificates, and at whether the search user may log in and search; the message says how each server failed.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** @param message how each server failed; never a password */
export function ldapUnavailable(message: string): CodedError {
  return new CodedError(ldapErrors.LDAP_UNAVAILABLE, message);
}
