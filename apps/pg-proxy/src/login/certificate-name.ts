import type { TLSSocket } from 'node:tls';

/**
 * Node's result of verifying a client certificate. Node passes it on only for its own TLS servers, which this socket does not belong to.
 */
interface VerifiedSocket {
  readonly _handle?: { verifyError?(): Error | null } | null;
}

/** The common name in the client's certificate, if a trusted authority has signed it. */
export function certificateNameOf(socket: TLSSocket): string | undefined {
  const { _handle: handle } = socket as unknown as VerifiedSocket;
  // An unknown result does not count as verified.
  if (typeof handle?.verifyError !== 'function' || handle.verifyError() !== null) return undefined;
  const certificate = socket.getPeerX509Certificate();
  const names = certificate?.subject.split('\n').filter((line) => line.startsWith('CN=')) ?? [];
  return names.length === 1 ? names[0]?.slice('CN='.length) : undefined;
}
