import { createPrivateKey, randomBytes, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageDigest, signedStatement } from '@medrex/execute-batch';
import { checkedAuthorId } from '../author/checked-author-id.ts';
import { UsageError } from '../terminal/usage-error.ts';

export interface AuthorSignFlags {
  readonly key: string;
  readonly source: string;
  readonly id: string;
  /** Epoch ms; now when absent. */
  readonly time?: number;
  readonly contract: string;
  readonly method?: string;
  readonly target?: string;
  readonly json: boolean;
}

/** `medrex author sign AUTHOR FILE`: signs the bytes of a file as the body of a message, and prints the headers to send with them. */
export async function authorSign(name: string, file: string, flags: AuthorSignFlags): Promise<number> {
  const author = checkedAuthorId(name);
  const { source, id, contract, method, target, json } = flags;
  if ((method === undefined) !== (target === undefined))
    throw new UsageError('--method and --target must be given together', 'e.g. --method PUT --target Observation/o1');
  const key = privateKeyOf(flags.key);
  const salt = randomBytes(16).toString('base64url');
  const time = new Date(flags.time ?? Date.now()).toISOString();
  const request = method === undefined ? undefined : { method, url: target ?? '' };
  const message = messageDigest({ source, id, salt, body: read(file), request });
  const signature = signatureOf(key, signedStatement({ author, contract, message, time }));
  const parts = { source, id, time, author: { id: author, salt, signature } };
  console.log(json ? JSON.stringify(parts) : headersOf(parts));
  return 0;
}

interface Signed {
  readonly source: string;
  readonly id: string;
  readonly time: string;
  readonly author: { readonly id: string; readonly salt: string; readonly signature: string };
}

/** The headers in the format of curl's `-H @file`; values are percent-encoded as CloudEvents requires. */
function headersOf({ source, id, time, author }: Signed): string {
  const names = { source, id, time };
  const parts = { medrexauthor: author.id, medrexsalt: author.salt, medrexsignature: author.signature };
  return Object.entries({ ...names, ...parts })
    .map(([name, value]) => `ce-${name}: ${encoded(value)}`)
    .join('\n');
}

const encoded = (value: string): string =>
  value.replace(/[^!#$&'()*+,\-./0-9:;<=>?@A-Z[\]^_`a-z{|}~]/gu, (character) => encodeURIComponent(character));

function signatureOf(key: KeyObject, statement: Uint8Array): string {
  if (key.asymmetricKeyType === 'ed25519') return sign(null, statement, key).toString('base64url');
  return sign('sha256', statement, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

function privateKeyOf(file: string): KeyObject {
  const hint = "--key must be the author's private key, ECDSA P-256 or Ed25519, as PEM.";
  try {
    const key = createPrivateKey(readFileSync(file));
    const isP256 = key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
    if (isP256 || key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // The error is not shown, as it might reveal parts of the key.
  }
  throw new UsageError(`${file} has no usable private key`, hint);
}

function read(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch {
    throw new UsageError(`${file} cannot be read`);
  }
}
