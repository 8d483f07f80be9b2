import type { TLSSocket } from 'node:tls';

/** What Node knows of the check of a client's certificate; it tells servers of its own only, and this socket is of none. */
interface Verified {
  readonly _handle?: { verifyError?(): Error | null } | null;
}

/** The common name in the certificate that a client has shown, if it is signed by an authority that is trusted. */
export function certifiedName(socket: TLSSocket): string | undefined {
  const { _handle: handle } = socket as unknown as Verified;
  // Not known is not verified.
  if (typeof handle?.verifyError !== 'function' || handle.verifyError() !== null) return undefined;
  const certificate = socket.getPeerX509Certificate();
  const names = certificate?.subject.split('\n').filter((line) => line.startsWith('CN=')) ?? [];
  return names.length === 1 ? names[0]?.slice('CN='.length) : undefined;
}
