import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { z } from 'zod';
import { Secret } from '@medrex/privacy';
import { pgProxyError } from '../errors.ts';
import type { SecretSource } from './auth-config.ts';
import { problemsOf } from './config-problems.ts';
import { fieldProblems } from './field-problems.ts';
import { Identities, type Identity } from './identities.ts';
import { fromIni, type SettingOverrides } from './pgbouncer/from-ini.ts';
import { proxyConfig, type ProxyConfig } from './proxy-config.ts';
import { readUserFile, type Users } from './user-file.ts';

/** A certificate and its key, PEM. */
export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Trusted authorities and revoked certificates; PEM. */
export interface Trust {
  readonly ca?: Buffer;
  readonly crl?: Buffer;
}

/** A configuration, with the content of all files that it names. */
export interface LoadedConfig {
  readonly config: ProxyConfig;
  readonly users: Users;
  readonly identities: Identities;
  /** The certificate shown to clients, and which of theirs are trusted. */
  readonly certificate: (KeyPair & { readonly clients: Trust }) | undefined;
  /** By upstream. */
  readonly authorities: ReadonlyMap<string, Trust>;
  readonly certificates: ReadonlyMap<string, KeyPair>;
  /** The key that seals the end of the audit log. */
  readonly auditKey: Secret | undefined;
  /** The password of auth.query.user. */
  readonly queryPassword: Secret | undefined;
  /** For databases with an authQuery of their own. */
  readonly queryPasswords: ReadonlyMap<string, Secret>;
  /** For cache.redis. */
  readonly redis: { readonly password: Secret | undefined; readonly ca: Buffer | undefined };
  /** What in a pgbouncer.ini, or in a file that is named, has no effect or another one. */
  readonly notes: readonly string[];
  readonly ldap: { readonly password: Secret | undefined; readonly ca: Buffer | undefined };
}

/** Where a configuration is: in a JSON file, in a pgbouncer.ini, or in a pgbouncer.ini with a JSON file laid over it. */
export interface ConfigSource {
  readonly file?: string | undefined;
  readonly pgbouncerIni?: string | undefined;
  readonly overrides?: SettingOverrides | undefined;
}

export interface LoadOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Random for this process. */
  readonly salt: Uint8Array;
}

/** Reads all of it and reports every problem together. @throws CodedError PG_PROXY_CONFIG */
export function loadConfig({ file, pgbouncerIni, overrides }: ConfigSource, options: LoadOptions): LoadedConfig {
  if (pgbouncerIni !== undefined) return loadIni(pgbouncerIni, file, overrides, options);
  if (file === undefined)
    throw pgProxyError('PG_PROXY_CONFIG', 'no configuration was given: use --config or --pgbouncer-ini');
  return loadedOrThrow(file, readParsed(file, jsonOf(file), options));
}

function loadIni(
  ini: string,
  overlayFile: string | undefined,
  overrides: SettingOverrides | undefined,
  options: LoadOptions,
): LoadedConfig {
  const { config, secrets, notes, problems, inIniTerms } = fromIni(
    ini,
    (file) => readFileSync(file, 'utf8'),
    overrides,
  );
  const overlay = overlayFile === undefined ? {} : jsonOf(overlayFile);
  const environment = { ...options.environment, ...secrets };
  const read = readParsed(overlayFile ?? ini, mergeOver(config, overlay), { ...options, environment });
  const isInOverlay = (problem: string): boolean =>
    isObject(overlay) && Object.hasOwn(overlay, problem.split(/[.:]/, 1)[0] ?? '');
  const others = read.problems.map((problem) => (isInOverlay(problem) ? problem : inIniTerms(problem)));
  const loaded = loadedOrThrow(ini, { ...read, problems: [...problems, ...others] });
  return { ...loaded, notes: [...notes, ...loaded.notes.map(inIniTerms)] };
}

/** Objects are merged, everything else is replaced. */
function mergeOver(below: unknown, above: unknown): unknown {
  if (!isObject(below) || !isObject(above)) return above;
  const merged: Record<string, unknown> = { ...below };
  for (const [name, value] of Object.entries(above)) merged[name] = mergeOver(below[name], value);
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The result of reading a configuration, as far as it could be read. */
interface ReadResult {
  readonly loaded: LoadedConfig | undefined;
  readonly problems: readonly string[];
}

/** @throws CodedError PG_PROXY_CONFIG with all problems */
function loadedOrThrow(file: string, { loaded, problems }: ReadResult): LoadedConfig {
  if (loaded !== undefined && problems.length === 0) return loaded;
  const lines = [...new Set(problems)].map((problem) => `✖ ${problem}`);
  throw pgProxyError('PG_PROXY_CONFIG', [`${file}:`, ...lines].join('\n'));
}

/** Reads a configuration that is already parsed. @param file where it is from, for relative names */
function readParsed(file: string, given: unknown, options: LoadOptions): ReadResult {
  const parsed = proxyConfig.safeParse(given);
  if (!parsed.success)
    return {
      loaded: undefined,
      problems: [...fieldProblems(parsed.error), ...furtherProblems(file, given, parsed.error, options)],
    };
  const loading = new ConfigLoader(dirname(resolve(file)), options);
  return { loaded: loading.load(parsed.data), problems: loading.problems };
}

/** Further problems, as far as they can be found without the fields that are invalid by themselves. */
function furtherProblems(
  file: string,
  given: unknown,
  { issues }: z.ZodError,
  options: LoadOptions,
): readonly string[] {
  const rest = structuredClone(given);
  for (const issue of issues) {
    const wrong = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    for (const path of wrong) removePath(rest, path);
  }
  return proxyConfig.safeParse(rest).success ? readParsed(file, rest, options).problems : [];
}

function removePath(value: unknown, path: readonly PropertyKey[]): void {
  const inner = path
    .slice(0, -1)
    .reduce<unknown>((at, key) => (isObject(at) || Array.isArray(at) ? Reflect.get(at, key) : undefined), value);
  const last = path.at(-1);
  if (isObject(inner) && last !== undefined) Reflect.deleteProperty(inner, last);
}

function jsonOf(file: string): unknown {
  try {
    // Windows editors start a file with a byte order mark, which JSON does not allow.
    return JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw pgProxyError('PG_PROXY_CONFIG', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** How many lines of a file are named if none of it is understood. */
const linesMax = 10;

/** A field, and the file that it names. */
type NamedFile = readonly [field: string, file: string | undefined];

class ConfigLoader {
  readonly problems: string[] = [];
  readonly #notes: string[] = [];
  readonly #folder: string;
  readonly #options: LoadOptions;

  constructor(folder: string, options: LoadOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  load(given: ProxyConfig): LoadedConfig {
    const config = { ...given, upstreams: this.#withJars(given.upstreams) };
    for (const problem of problemsOf(config)) this.#problem(problem);
    const { auth, upstreams } = config;
    const loaded = {
      config,
      users: auth.userFile === undefined ? new Map() : this.#users(auth.userFile),
      identities: this.#identities(config),
      certificate: this.#ownCertificate(config),
      authorities: this.#mapDefined(upstreams, (name, { ca, crl }) =>
        this.#trust(`upstreams.${name}.`, ['ca', ca], ['crl', crl]),
      ),
      certificates: this.#mapDefined(upstreams, (name, { certificate, key }) =>
        certificate === undefined || key === undefined ? undefined : this.#pair(`upstreams.${name}`, certificate, key),
      ),
      auditKey: this.#secret('audit.key', config.audit?.key),
      notes: this.#notes,
      queryPassword: this.#secret('auth.query.password', auth.query?.password),
      queryPasswords: this.#mapDefined(config.databases, (name, { authQuery }) =>
        this.#secret(`databases.${name}.authQuery.password`, authQuery?.password),
      ),
      redis: {
        password: this.#secret('cache.redis.password', config.cache.redis?.password),
        ca: this.#optionalFile('cache.redis.ca', config.cache.redis?.ca),
      },
      ldap: {
        password: this.#secret('auth.ldap.search.password', auth.ldap?.search?.password),
        ca: this.#optionalFile('auth.ldap.ca', auth.ldap?.ca),
      },
    };
    // Missing files were reported; those that exist must be usable.
    if (this.problems.length === 0) this.#checkTls(loaded);
    return loaded;
  }

  #checkTls({ certificate, authorities, certificates, ldap, redis, config }: LoadedConfig): void {
    // OpenSSL accepts files without any: then it trusts nobody, or nobody can connect.
    const checkPem = (field: string, pem: Buffer | undefined, part: 'certificate' | 'private key'): void => {
      if (pem === undefined) return;
      if (!pem.includes(`${part.toUpperCase()}-----`)) this.#problem(`${field}: contains no ${part} in PEM format`);
      else if (part === 'private key' && pem.includes('ENCRYPTED'))
        this.#problem(`${field}: has a passphrase; use a key without one`);
    };
    const checkPair = (field: string, pair: KeyPair | undefined): void => {
      checkPem(`${field}.certificate`, pair?.cert, 'certificate');
      checkPem(`${field}.key`, pair?.key, 'private key');
    };
    const check = (field: string, options: SecureContextOptions): void => {
      try {
        createSecureContext(options);
      } catch (error) {
        this.#problem(`${field}: ${(error as Error).message.replace(/^error:(?:[^:]*:){3}/, '')}`);
      }
    };
    checkPair('listen.tls', certificate);
    checkPem('listen.tls.clientCa', certificate?.clients.ca, 'certificate');
    for (const [name, pair] of certificates) checkPair(`upstreams.${name}`, pair);
    for (const [name, { ca }] of authorities) checkPem(`upstreams.${name}.ca`, ca, 'certificate');
    checkPem('auth.ldap.ca', ldap.ca, 'certificate');
    checkPem('cache.redis.ca', redis.ca, 'certificate');
    if (this.problems.length > 0) return;
    const ca = (bytes: Buffer | undefined): SecureContextOptions => (bytes === undefined ? {} : { ca: bytes });
    if (certificate !== undefined)
      check('listen.tls', { cert: certificate.cert, key: certificate.key, ...certificate.clients });
    for (const name of Object.keys(config.upstreams))
      check(`upstreams.${name}`, { ...certificates.get(name), ...authorities.get(name) });
    check('auth.ldap.ca', ca(ldap.ca));
    check('cache.redis.ca', ca(redis.ca));
  }

  /** Java does not know the configuration's folder. */
  #withJars(upstreams: ProxyConfig['upstreams']): ProxyConfig['upstreams'] {
    const entries = Object.entries(upstreams).map(([name, upstream]) => {
      if (upstream.iris === undefined) return [name, upstream] as const;
      const jars = upstream.iris.jars.map((jar) => resolve(this.#folder, jar));
      for (const jar of jars) if (!existsSync(jar)) this.#problem(`upstreams.${name}.iris.jars: there is no ${jar}`);
      return [name, { ...upstream, iris: { ...upstream.iris, jars } }] as const;
    });
    return Object.fromEntries(entries);
  }

  #identities({ identities, databases }: ProxyConfig): Identities {
    const own = identities.map(({ user, database, as, password }, at): Identity => {
      return { user, database, as, password: this.#secret(`identities.${at}.password`, password) };
    });
    const ofDatabases = this.#mapDefined(databases, (key, { user, password }): Identity | undefined => {
      const secret = this.#secret(`databases.${key}.password`, password);
      if (user === undefined) return undefined;
      return { user: undefined, database: undefined, as: user, password: secret };
    });
    return new Identities(own, ofDatabases);
  }

  #ownCertificate({ listen: { tls } }: ProxyConfig): LoadedConfig['certificate'] {
    if (tls === undefined) return undefined;
    const clients = this.#trust('listen.tls.', ['clientCa', tls.clientCa], ['clientCrl', tls.clientCrl]);
    return { ...this.#pair('listen.tls', tls.certificate, tls.key), clients };
  }

  #trust(where: string, [ca, caFile]: NamedFile, [crl, crlFile]: NamedFile): Trust {
    const [authorities, revoked] = [this.#optionalFile(where + ca, caFile), this.#optionalFile(where + crl, crlFile)];
    return { ...(authorities && { ca: authorities }), ...(revoked && { crl: revoked }) };
  }

  #pair(field: string, certificate: string, key: string): KeyPair {
    return { cert: this.#file(`${field}.certificate`, certificate), key: this.#file(`${field}.key`, key) };
  }

  #mapDefined<V, R>(
    values: Readonly<Record<string, V>>,
    make: (name: string, value: V) => R | undefined,
  ): Map<string, R> {
    const made = new Map<string, R>();
    for (const [name, value] of Object.entries(values)) {
      const one = make(name, value);
      if (one !== undefined) made.set(name, one);
    }
    return made;
  }

  #users(file: string): Users {
    const read = readUserFile(this.#file('auth.userFile', file).toString('utf8'), this.#options.salt);
    if (read.kind === 'users') {
      for (const line of read.more)
        this.#notes.push(
          `auth.userFile: line ${line}: the expiry date of a secret has no effect here; remove users who may no longer log in`,
        );
      return read.users;
    }
    const [shown, more] = [read.lines.slice(0, linesMax), read.lines.length - linesMax];
    const others = more > 0 ? ` and ${more} more` : '';
    this.#problem(`auth.userFile: line ${shown.join(', ')}${others} is not of the form "name" "secret"`);
    return new Map();
  }

  #secret(field: string, source: SecretSource | undefined): Secret | undefined {
    if (source === undefined) return undefined;
    if ('file' in source) {
      const text = this.#file(field, source.file).toString('utf8');
      return new Secret(text.replace(/\r?\n$/, ''));
    }
    const secret = this.#options.environment[source.env];
    if (secret === undefined || secret === '') this.#problem(`${field}: ${source.env} is not set`);
    return new Secret(secret ?? '');
  }

  #optionalFile(field: string, file: string | undefined): Buffer | undefined {
    return file === undefined ? undefined : this.#file(field, file);
  }

  #file(field: string, file: string): Buffer {
    try {
      return readFileSync(resolve(this.#folder, file));
    } catch (error) {
      this.#problem(`${field}: ${(error as Error).message}`);
      return Buffer.alloc(0);
    }
  }

  #problem(problem: string): void {
    this.problems.push(problem);
  }
}
