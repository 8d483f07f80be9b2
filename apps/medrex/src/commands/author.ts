import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  authorPolicyOf,
  authorRegistryRejects,
  canonicalKey,
  encodeOperation,
  operationItem,
  registrationOf,
  revocationOf,
  standardAuthorPolicy,
  type Author,
  type AuthorChange,
  type AuthorPolicy,
  type JsonValue,
  type OperationResult,
} from '@medrex/execute-batch';
import type { AuthorLedger, LedgerFlags } from '../author/author-ledger.ts';
import { checkedAuthorId } from '../author/checked-author-id.ts';
import { openAuthorLedger } from '../author/open-author-ledger.ts';
import { UsageError } from '../terminal/usage-error.ts';

export interface AuthorFlags extends LedgerFlags {
  readonly json: boolean;
}

/** `medrex author register ID`: registers an author's public key on the ledger. Returns the exit code: 1 when the ledger refuses. */
export async function authorRegister(id: string, flags: AuthorFlags & { readonly key: string }): Promise<number> {
  const publicKey = canonicalKey(readKey(flags.key));
  if (publicKey === undefined)
    throw new UsageError(
      `${flags.key} has no public key of type ECDSA P-256 or Ed25519`,
      'e.g. openssl pkey -in author.key -pubout -out author.pem. Private keys stay with their authors.',
    );
  return change(registrationOf(checkedAuthorId(id), publicKey), flags);
}

/** `medrex author revoke ID`: signatures of the author are invalid from the block of the revocation on. */
export async function authorRevoke(id: string, flags: AuthorFlags): Promise<number> {
  return change(revocationOf(checkedAuthorId(id)), flags);
}

/** `medrex author policy CONTRACT POLICY`: sets whether operations of the contract need a signature. */
export async function authorPolicy(contract: string, policy: AuthorPolicy, flags: AuthorFlags): Promise<number> {
  return change(authorPolicyOf(contract, policy), flags);
}

/** `medrex author show ID`. Returns the exit code. */
export async function authorShow(id: string, flags: AuthorFlags): Promise<number> {
  const { authors } = await within(flags, (ledger) => ledger.read());
  const author = authors.find((one) => one.id === id);
  if (author === undefined) throw new UsageError(`there is no author ${id}`, '`medrex author list` shows all authors.');
  console.log(flags.json ? JSON.stringify(author) : rows(author));
  return 0;
}

/** `medrex author list`: lists authors and policies. */
export async function authorList(flags: AuthorFlags): Promise<number> {
  const registry = await within(flags, (ledger) => ledger.read());
  if (flags.json) console.log(JSON.stringify(registry));
  else {
    if (registry.authors.length === 0) console.log('No author is registered.');
    for (const { id, status, since, revokedSince, organisation } of registry.authors)
      console.log(`${id}  ${status.padEnd(8)}${organisation}  since ${revokedSince ?? since}`);
    for (const { contract, policy } of registry.policies) console.log(`contract ${contract}: ${policy}`);
    console.log(`other contracts: ${standardAuthorPolicy}`);
  }
  return 0;
}

async function change(asked: AuthorChange, flags: AuthorFlags): Promise<number> {
  const hex = (): string => randomBytes(16).toString('hex');
  const operation = { ...asked, opId: hex(), sourceHash: hex(), time: new Date().toISOString() };
  const item = operationItem(encodeOperation(operation));
  const { result, label } = await within(flags, async (ledger) => ({
    result: await ledger.change(item),
    label: ledger.label,
  }));
  if (flags.json) console.log(JSON.stringify(result));
  else console.log(messageOf(result, label));
  return result.status === 'applied' ? 0 : 1;
}

function messageOf({ status, code, message, detail, txId }: OperationResult, label: string): string {
  if (status === 'applied') return `${rows(detail)}\nFabric transaction ${txId} (${label})`;
  const { remedy } = Object.hasOwn(authorRegistryRejects, code)
    ? authorRegistryRejects[code as keyof typeof authorRegistryRejects]
    : { remedy: undefined };
  return [`${code}: ${message ?? status}`, ...(remedy === undefined ? [] : [remedy])].join('\n');
}

async function within<T>(flags: AuthorFlags, act: (ledger: AuthorLedger) => Promise<T>): Promise<T> {
  const ledger = await openAuthorLedger(flags);
  try {
    return await act(ledger);
  } finally {
    await ledger.close();
  }
}

function rows(fields: JsonValue | Author | undefined): string {
  return Object.entries(fields ?? {})
    .map(([name, value]) => `${name.padEnd(14)}${String(value)}`)
    .join('\n');
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`${file} cannot be read`, '--key must be a PEM file with the public key.');
  }
}
