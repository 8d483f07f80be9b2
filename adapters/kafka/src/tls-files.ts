import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { kafkaError } from './errors.ts';
import { readMountedFile } from './read-mounted-file.ts';

/** Paths of the TLS files; each may be absent. */
export interface TlsFilePlaces {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

type Contents = Readonly<Partial<Record<keyof TlsFilePlaces, string>>>;

const variables = {
  ca: 'MEDREX_KAFKA_CA_FILE',
  cert: 'MEDREX_KAFKA_CERT_FILE',
  key: 'MEDREX_KAFKA_KEY_FILE',
} as const;

/** The TLS files, read again for each new connection. If they are invalid, the previous ones stay in use. */
export class TlsFiles {
  readonly #places: TlsFilePlaces;
  #contents: Contents;
  #context: SecureContext;
  #refused = '';
  /** Called once for each invalid change. */
  onRefused: ((error: unknown) => void) | undefined;

  /** @throws CodedError KAFKA_CONFIG */
  constructor(places: TlsFilePlaces) {
    this.#places = places;
    this.#contents = read(places);
    this.#context = contextOf(this.#contents);
  }

  /** The TLS context for the next connection. */
  context(): SecureContext {
    let contents: Contents = {};
    try {
      contents = read(this.#places);
      if (isSame(contents, this.#contents)) return this.#context;
      const context = contextOf(contents);
      assertInTime(contents);
      this.#context = context;
      this.#contents = contents;
      this.#refused = '';
    } catch (error) {
      const refused = JSON.stringify(contents);
      if (refused !== this.#refused) this.onRefused?.(error);
      this.#refused = refused;
    }
    return this.#context;
  }
}

function read(places: TlsFilePlaces): Contents {
  const contents: Partial<Record<keyof TlsFilePlaces, string>> = {};
  for (const part of ['ca', 'cert', 'key'] as const) {
    const file = places[part];
    if (file !== undefined) contents[part] = readMountedFile(variables[part], file);
  }
  return contents;
}

const isSame = (one: Contents, other: Contents): boolean =>
  one.ca === other.ca && one.cert === other.cert && one.key === other.key;

/** While a pair is being replaced, certificate and key may not match; this detects it. */
function contextOf(contents: Contents): SecureContext {
  try {
    if (contents.ca !== undefined) new X509Certificate(contents.ca); // otherwise an invalid authority would be ignored
    return createSecureContext(contents);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw kafkaError('KAFKA_CONFIG', `the files of TLS cannot be used (${code})`, { cause });
  }
}

function assertInTime({ cert }: Contents): void {
  if (cert === undefined) return;
  const until = new X509Certificate(cert).validToDate;
  if (until.getTime() > Date.now()) return;
  throw kafkaError('KAFKA_CONFIG', `${variables.cert}: the new certificate ran out at ${until.toISOString()}`);
}
