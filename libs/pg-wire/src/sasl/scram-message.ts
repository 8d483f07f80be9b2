/** The mechanisms; `plus` has channel binding: it proves that both ends see the same TLS certificate. */
export const scramMechanisms = { plain: 'SCRAM-SHA-256', plus: 'SCRAM-SHA-256-PLUS' } as const;
export type ScramMechanism = (typeof scramMechanisms)[keyof typeof scramMechanisms];

/** PostgreSQL's limit (PG_MAX_SASL_MESSAGE_LENGTH). */
const saslBytesMax = 1024;
/** The only type of channel binding that PostgreSQL supports (RFC 5929). */
export const endPointBinding = 'tls-server-end-point';

export interface ClientFirst {
  /** `n`, `y` or `p=tls-server-end-point` with its commas; client-final repeats it. */
  readonly gs2Header: string;
  readonly binding: 'none' | 'unadvertised' | 'end-point';
  /** client-first-message-bare, which is signed. */
  readonly bare: string;
  readonly nonce: string;
}

// A nonce is printable ASCII without a comma. The user name is ignored here, as it comes in the startup message.
const nonceForm = '[\\x21-\\x2b\\x2d-\\x7e]{1,256}';
/** 32 bytes in canonical base64: the two spare bits are zero. */
const hash = '[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=';
const clientFirstForm = new RegExp(`^((n|y|p=${endPointBinding}),,)(n=[^,\\0]*,r=(${nonceForm}))(?:,[^\\0]*)?$`);
const clientFinalForm = new RegExp(`^(c=([A-Za-z0-9+/]+={0,2}),r=(${nonceForm})),p=(${hash})$`);
const serverFirstForm = new RegExp(`^r=(${nonceForm}),s=([A-Za-z0-9+/]{1,1024}={0,2}),i=(\\d{1,7})(?:,[^\\0]*)?$`);
const serverFinalForm = new RegExp(`^v=(${hash})(?:,.*)?$`);

/** Decodes a message; undefined if it is too long. */
function textOf(data: Buffer): string | undefined {
  return data.length <= saslBytesMax ? data.toString('latin1') : undefined;
}

export function readClientFirst(data: Buffer): ClientFirst | undefined {
  const text = textOf(data) ?? '';
  const [, gs2Header, flag, , nonce] = clientFirstForm.exec(text) ?? [];
  if (gs2Header === undefined || nonce === undefined) return undefined;
  const binding = flag === 'n' ? 'none' : flag === 'y' ? 'unadvertised' : 'end-point';
  return { gs2Header, binding, bare: text.slice(gs2Header.length), nonce };
}

export interface ClientFinal {
  readonly channel: string;
  readonly nonce: string;
  readonly proof: Buffer;
  readonly withoutProof: string;
}

export function readClientFinal(data: Buffer): ClientFinal | undefined {
  const [, withoutProof, channel, nonce, proof] = clientFinalForm.exec(textOf(data) ?? '') ?? [];
  if (withoutProof === undefined || channel === undefined || nonce === undefined || proof === undefined)
    return undefined;
  return { withoutProof, channel, nonce, proof: Buffer.from(proof, 'base64') };
}

export interface ServerFirst {
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
}

export function readServerFirst(data: Buffer): ServerFirst | undefined {
  const [, nonce, salt, iterations] = serverFirstForm.exec(textOf(data) ?? '') ?? [];
  if (nonce === undefined || salt === undefined || iterations === undefined) return undefined;
  return { nonce, salt: Buffer.from(salt, 'base64'), iterations: Number(iterations) };
}

export function readServerFinal(data: Buffer): Buffer | undefined {
  const signature = serverFinalForm.exec(textOf(data) ?? '')?.[1];
  return signature === undefined ? undefined : Buffer.from(signature, 'base64');
}
