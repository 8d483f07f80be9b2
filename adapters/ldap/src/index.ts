export { ldapErrors } from './errors.ts';
export { LdapDirectory, type LdapSettings } from './ldap-directory.ts';
