import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { webcrypto } from 'node:crypto';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A certificate and its key, both PEM. */
export interface PemPair {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate for localhost, created for each run, and its key, both PEM. @param name its common name */
export async function selfSigned(name = 'localhost'): Promise<PemPair> {
  const keys = await keyPair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    serialNumber: '01',
    keys,
    signingAlgorithm: algorithm,
    extensions: [forLocalhost],
  });
  return { certificate: certificate.toString('pem'), key: await pemOf(keys) };
}

/** A certificate authority, created for each run. */
export class Authority {
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #own: x509.X509Certificate;
  #serial = 1;

  private constructor(keys: webcrypto.CryptoKeyPair, own: x509.X509Certificate) {
    this.#keys = keys;
    this.#own = own;
  }

  static async create(): Promise<Authority> {
    const keys = await keyPair();
    const own = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=authority',
      serialNumber: '01',
      keys,
      signingAlgorithm: algorithm,
      extensions: [new x509.BasicConstraintsExtension(true)],
    });
    return new Authority(keys, own);
  }

  get certificate(): string {
    return this.#own.toString('pem');
  }

  /** Issues a certificate with that name, for localhost. @param days how long it is valid */
  async issue(name: string, days = 1): Promise<PemPair & { readonly serialNumber: string }> {
    const keys = await keyPair();
    const serialNumber = String(++this.#serial).padStart(2, '0');
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: this.#own.subject,
      serialNumber,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [forLocalhost],
      notBefore: daysFromNow(-2),
      notAfter: daysFromNow(days),
    });
    return { certificate: certificate.toString('pem'), key: await pemOf(keys), serialNumber };
  }

  /** The revocation list for some of its certificates, PEM. @param days how long it is valid */
  async revoke(certificates: readonly { readonly serialNumber: string }[], days = 1): Promise<string> {
    const list = await x509.X509CrlGenerator.create({
      issuer: this.#own.subject,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      thisUpdate: daysFromNow(-2),
      nextUpdate: daysFromNow(days),
      entries: certificates.map(({ serialNumber }) => ({ serialNumber, revocationDate: daysFromNow(-2) })),
    });
    return pem('X509 CRL', list.rawData);
  }
}

const forLocalhost = new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }]);

const daysFromNow = (days: number): Date => new Date(Date.now() + days * 86_400_000);

const keyPair = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

async function pemOf({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  return pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', privateKey));
}

function pem(what: string, bytes: ArrayBuffer): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${what}-----\n${lines.join('\n')}\n-----END ${what}-----\n`;
}
