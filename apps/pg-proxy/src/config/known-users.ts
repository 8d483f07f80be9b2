import type { AuthMethod } from './auth-config.ts';
import type { ProxyConfig } from './proxy-config.ts';

/** How clients of this configuration prove who they are. */
export function methodsOf({ rules, method }: ProxyConfig['auth']): ReadonlySet<AuthMethod | 'reject'> {
  return new Set(rules.length > 0 ? rules.map((rule) => rule.method) : [method]);
}

/** Whether an upstream says who is there. */
export function asksForUsers({ auth, databases }: ProxyConfig): boolean {
  return auth.query !== undefined || Object.values(databases).some((one) => one.authQuery !== undefined);
}

/** Where who is there comes in without a password, and no upstream says who is there: those who are named in `users` are. */
export function trustedByName(config: ProxyConfig): readonly string[] {
  if (!methodsOf(config.auth).has('trust') || asksForUsers(config)) return [];
  return Object.keys(config.users).filter((name) => name !== '*');
}
