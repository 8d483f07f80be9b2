import { CodedError, type ErrorDescription } from '@medrex/coded-error';

export const ldapErrors = {
  LDAP_UNAVAILABLE: {
    code: 'LDAP_UNAVAILABLE',
    retryable: true,
    meaning: 'No server of the LDAP directory could be asked whether a password is right.',
    remedy:
      'Look at the servers, at their certificates, and at whether the one who searches may log in and search there; the message says what each server did.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** @param message what each server did; never a password */
export function ldapUnavailable(message: string): CodedError {
  return new CodedError(ldapErrors.LDAP_UNAVAILABLE, message);
}
