import type { Principal, SignaturePolicy } from './signature-policy.ts';

const roles: readonly string[] = ['member', 'admin', 'client', 'peer', 'orderer'] satisfies Principal['role'][];
const token = /\s*(?:'([^']*)'|"([^"]*)"|([A-Za-z]+|\d+)|([(),]))/y;

type Token =
  { readonly kind: 'principal' | 'word' | 'sign'; readonly text: string } | { readonly kind: 'end'; readonly text: '' };

/**
 * Parses Fabric's policy language: `AND('Org1MSP.peer','Org2MSP.peer')`, `OR(...)`, `OutOf(2, ...)`, nested.
 *
 * @throws Error with the problem and its position
 */
export function parsePolicy(text: string): SignaturePolicy {
  const tokens = tokensOf(text);
  const policy = policyFrom(tokens, text);
  if (tokens.shift()?.kind !== 'end') throw wrong(text, 'something follows the policy');
  return policy;
}

function policyFrom(tokens: Token[], text: string): SignaturePolicy {
  const first = tokens.shift();
  if (first?.kind === 'principal') return principalOf(first.text, text);
  if (first?.kind !== 'word') throw wrong(text, "expected AND(...), OR(...), OutOf(n, ...) or 'Msp.role'");
  const word = first.text.toLowerCase();
  if (tokens.shift()?.text !== '(') throw wrong(text, `expected ( after ${first.text}`);
  const counted = word === 'outof' ? countFrom(tokens, text) : undefined;
  const policies = listFrom(tokens, text);
  if (word === 'and') return { outOf: policies.length, policies };
  if (word === 'or') return { outOf: 1, policies };
  if (counted === undefined) throw wrong(text, `${first.text} is none of AND, OR, OutOf`);
  if (counted > policies.length) throw wrong(text, `${counted} of ${policies.length} cannot be had`);
  return { outOf: counted, policies };
}

function countFrom(tokens: Token[], text: string): number {
  const count = Number(tokens.shift()?.text);
  if (!Number.isInteger(count) || tokens.shift()?.text !== ',') throw wrong(text, 'OutOf begins with a number');
  return count;
}

function listFrom(tokens: Token[], text: string): SignaturePolicy[] {
  const policies: SignaturePolicy[] = [];
  for (;;) {
    policies.push(policyFrom(tokens, text));
    const next = tokens.shift()?.text;
    if (next === ')') return policies;
    if (next !== ',') throw wrong(text, 'expected , or )');
  }
}

function principalOf(name: string, text: string): Principal {
  const dot = name.lastIndexOf('.');
  const role = name.slice(dot + 1).toLowerCase();
  if (dot <= 0 || !roles.includes(role)) throw wrong(text, `'${name}' is no 'Msp.role' (roles: ${roles.join(', ')})`);
  return { mspId: name.slice(0, dot), role: role as Principal['role'] };
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.trimEnd().length) {
    const found = token.exec(text);
    if (found === null) throw wrong(text, 'a quote, a word, a parenthesis or a comma was expected');
    const [, single, double, word, sign] = found;
    const principal = single ?? double;
    if (principal !== undefined) tokens.push({ kind: 'principal', text: principal });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else tokens.push({ kind: 'sign', text: sign ?? '' });
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

const wrong = (text: string, why: string): Error => new Error(`policy ${text}: ${why}`);
