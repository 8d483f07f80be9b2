import type { AuthConfig, AuthRule } from '../config/auth-config.ts';
import type { Asking } from './reception.ts';
import { Networks } from './networks.ts';

/** How a client must authenticate. */
export interface Way {
  /** `owner`: no proof is needed. */
  readonly method: AuthRule['method'] | 'no rule' | 'owner';
  readonly certificates?: AuthRule['certificates'];
  readonly peers?: AuthRule['peers'];
}

type Caller = Pick<Asking, 'user' | 'database' | 'address' | 'isEncrypted'>;

interface Compiled {
  readonly rule: AuthRule;
  /** Undefined: everywhere. */
  readonly networks: Networks | undefined;
}

/** Selects the authentication method for a client by the rules of the configuration. */
export class AuthRules {
  readonly #rules: readonly Compiled[];
  readonly #otherwise: Way;

  constructor({ method, rules }: Pick<AuthConfig, 'method' | 'rules'>) {
    this.#rules = rules.map((rule) => ({ rule, networks: rule.addresses && new Networks(rule.addresses) }));
    this.#otherwise = { method: rules.length === 0 ? method : 'no rule' };
  }

  wayOf(caller: Caller): Way {
    return this.#rules.find((one) => fits(one, caller))?.rule ?? this.#otherwise;
  }
}

function fits({ rule, networks }: Compiled, { user, database, address, isEncrypted }: Caller): boolean {
  return (
    (rule.tls === undefined || rule.tls === isEncrypted) &&
    (rule.users === undefined || rule.users.includes(user)) &&
    (rule.databases === undefined || rule.databases.includes(database)) &&
    (networks === undefined || networks.has(address))
  );
}
