import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { createPrivateKey, webcrypto } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyFiles } from '@medrex/fabric';

const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A certificate authority with its key in the layout of cryptogen: the folder `ca` of an organisation. */
export class TestAuthority {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes certificate and key of a client, valid until `notAfter`; always to the same files. */
  async issue(into: string, notAfter: Date): Promise<KeyFiles> {
    const issuer = new x509.X509Certificate(this.#read('-cert.pem'));
    const keys = await webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)).fill(1, 0, 1)).toString('hex'),
      subject: new x509.Name([{ OU: ['client'] }, { CN: ['short-lived'] }]),
      issuer: issuer.subjectName,
      notBefore: issuer.notBefore,
      notAfter,
      publicKey: keys.publicKey,
      signingKey: await this.#signingKey(),
      signingAlgorithm,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.BasicConstraintsExtension(false, undefined, true),
      ],
    });
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const files = { certificate: join(into, 'cert.pem'), privateKey: join(into, 'key.pem') };
    mkdirSync(into, { recursive: true });
    writeFileSync(files.privateKey, key.export({ format: 'pem', type: 'pkcs8' }));
    writeFileSync(files.certificate, certificate.toString('pem'));
    return files;
  }

  async #signingKey(): Promise<webcrypto.CryptoKey> {
    const der = createPrivateKey(this.#read('_sk')).export({ format: 'der', type: 'pkcs8' });
    return webcrypto.subtle.importKey('pkcs8', der, curve, false, ['sign']);
  }

  #read(ending: string): string {
    const name = readdirSync(this.#folder).find((one) => one.endsWith(ending)) ?? '';
    return readFileSync(join(this.#folder, name), 'utf8');
  }
}
