import { LdapDirectory } from '@medrex/ldap';
import type { LoadedConfig } from '../config/load-config.ts';
import type { DirectoryCheck } from './client-auth.ts';

/** The LDAP directory of the configuration. @param failed called when it could not be asked */
export function directoryCheckOf(loaded: LoadedConfig, failed: (error: Error) => void): DirectoryCheck | undefined {
  const { ldap: settings } = loaded.config.auth;
  if (settings === undefined) return undefined;
  const { urls, startTls, bind, search, timeoutMs, connectionsMax } = settings;
  const directory = new LdapDirectory({
    urls,
    startTls,
    bind,
    timeoutMs,
    connectionsMax,
    ca: loaded.ldap.ca,
    ...(search !== undefined && { search: { ...search, password: loaded.ldap.password?.reveal() ?? '' } }),
  });
  return async (user, password) => {
    try {
      return (await directory.isRight(user, password)) ? 'right' : 'wrong';
    } catch (error) {
      failed(error as Error);
      return 'unavailable';
    }
  };
}
