import type { AuthConfig, AuthRule } from '../config/auth-config.ts';
import type { LoginRequest } from './login-context.ts';
import { Networks } from './networks.ts';

/** How a client must authenticate. */
export interface AuthRequirement {
  /** `owner`: no proof is needed. */
  readonly method: AuthRule['method'] | 'no rule' | 'owner';
  readonly certificates?: AuthRule['certificates'];
  readonly peers?: AuthRule['peers'];
}

type LoginFacts = Pick<LoginRequest, 'user' | 'database' | 'address' | 'isEncrypted'>;

interface CompiledRule {
  readonly rule: AuthRule;
  /** Undefined: everywhere. */
  readonly networks: Networks | undefined;
}

/** Selects the authentication method for a client by the rules of the configuration. */
export class AuthRules {
  readonly #rules: readonly CompiledRule[];
  readonly #default: AuthRequirement;

  constructor({ method, rules }: Pick<AuthConfig, 'method' | 'rules'>) {
    this.#rules = rules.map((rule) => ({ rule, networks: rule.addresses && new Networks(rule.addresses) }));
    this.#default = { method: rules.length === 0 ? method : 'no rule' };
  }

  requirementFor(login: LoginFacts): AuthRequirement {
    return this.#rules.find((one) => matches(one, login))?.rule ?? this.#default;
  }
}

function matches({ rule, networks }: CompiledRule, { user, database, address, isEncrypted }: LoginFacts): boolean {
  return (
    (rule.tls === undefined || rule.tls === isEncrypted) &&
    (rule.users === undefined || rule.users.includes(user)) &&
    (rule.databases === undefined || rule.databases.includes(database)) &&
    (networks === undefined || networks.has(address))
  );
}
