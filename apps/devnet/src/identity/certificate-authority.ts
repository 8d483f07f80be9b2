import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { createPrivateKey, webcrypto } from 'node:crypto';

const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;
const tenYearsMs = 10 * 365 * 24 * 3_600_000;
/** How far certificates are backdated, for clients whose clock is behind. */
const backdatedMs = 5 * 60_000;

/** A certificate and its key, both as PEM (the key as PKCS #8, as cryptogen writes it). */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** The subject of a certificate. */
export interface Subject {
  readonly commonName: string;
  /** The NodeOU: peer, orderer, client or admin. A TLS certificate has none. */
  readonly role?: string;
  /** Names and addresses of a TLS server; present for a TLS certificate. */
  readonly hosts?: readonly string[];
}

/** An organisation's certificate authority, with its key in memory. */
export class CertificateAuthority {
  readonly pair: KeyPair;
  readonly #certificate: x509.X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair, pair: KeyPair) {
    this.#certificate = certificate;
    this.#keys = keys;
    this.pair = pair;
  }

  /** Creates an authority `ca.<domain>` or `tlsca.<domain>`. */
  static async make(domain: string, name: 'ca' | 'tlsca'): Promise<CertificateAuthority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...validity(),
      serialNumber: serialNumber(),
      name: nameOf(domain, { commonName: `${name}.${domain}` }),
      keys,
      signingAlgorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
          true,
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new CertificateAuthority(certificate, keys, await pairOf(certificate, keys));
  }

  /** Issues a certificate. */
  async issue(domain: string, subject: Subject): Promise<KeyPair> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      ...validity(),
      serialNumber: serialNumber(),
      subject: nameOf(domain, subject),
      issuer: this.#certificate.subjectName,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm,
      extensions: [
        ...usageOf(subject),
        new x509.BasicConstraintsExtension(false, undefined, true),
        await x509.AuthorityKeyIdentifierExtension.create(this.#keys.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return pairOf(certificate, keys);
  }
}

function usageOf({ hosts }: Subject): x509.Extension[] {
  if (hosts === undefined) return [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true)];
  return [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
    new x509.SubjectAlternativeNameExtension(
      hosts.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value })),
    ),
  ];
}

/** The distinguished name as in cryptogen: users and nodes have their role as OU, authorities and TLS servers their organisation. */
function nameOf(domain: string, { commonName, role }: Subject): x509.Name {
  const unit = role === undefined ? { O: [domain] } : { OU: [role] };
  return new x509.Name([{ C: ['US'] }, { ST: ['California'] }, { L: ['San Francisco'] }, unit, { CN: [commonName] }]);
}

const validity = (): { readonly notBefore: Date; readonly notAfter: Date } => ({
  notBefore: new Date(Date.now() - backdatedMs),
  notAfter: new Date(Date.now() + tenYearsMs),
});

/** Sixteen random bytes whose first bit is clear: a serial number is a positive integer. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);

async function pairOf(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<KeyPair> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}
