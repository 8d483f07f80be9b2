import { md5Password, md5Response, type ClientKeys } from '@medrex/pg-wire';

/** What the proxy logs in with at an upstream. */
export interface Credentials {
  readonly user: string;
  readonly secret:
    | { readonly kind: 'password'; readonly password: string }
    | { readonly kind: 'md5'; readonly stored: string }
    /** For a user whose verifier is the upstream's: keys learnt at the user's own login. */
    | { readonly kind: 'keys'; readonly keys: ClientKeys }
    | { readonly kind: 'none' };
}

/** Answers an md5 challenge; undefined: this kind of secret cannot. */
export function md5Answer({ user, secret }: Credentials, salt: Buffer): string | undefined {
  if (secret.kind === 'password') return md5Response(md5Password(user, secret.password), salt);
  return secret.kind === 'md5' ? md5Response(secret.stored, salt) : undefined;
}
