import { createHash, X509Certificate } from 'node:crypto';

/**
 * The hash of a certificate that binds a login to its connection (tls-server-end-point, RFC 5929): by the hash of its signature, or SHA-256
 * in place of MD5 and SHA-1. Undefined: the signature names no hash, as with Ed25519.
 */
export function tlsServerEndPoint(der: Buffer): Buffer | undefined {
  const algorithm = new X509Certificate(der).signatureAlgorithm?.toLowerCase() ?? '';
  const [, hash] = /(md5|sha1|sha224|sha256|sha384|sha512)/.exec(algorithm.replaceAll('-', '')) ?? [];
  if (hash === undefined) return undefined;
  return createHash(hash === 'md5' || hash === 'sha1' ? 'sha256' : hash)
    .update(der)
    .digest();
}

/** The first certificate in a PEM file: the server's own. */
export function firstCertificate(pem: Buffer): Buffer {
  return new X509Certificate(pem).raw;
}
