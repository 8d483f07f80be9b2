import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { pgProxyError } from '../errors.ts';
import { proxyConfig, type ProxyConfig, type SecretSource } from './proxy-config.ts';
import { readUserFile, type Users } from './user-file.ts';

/** A configuration with everything that it names read. */
export interface LoadedConfig {
  readonly config: ProxyConfig;
  readonly users: Users;
  /** Secrets for the upstream by database of the configuration. */
  readonly passwords: ReadonlyMap<string, string>;
  readonly certificate: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly authorities: ReadonlyMap<string, Buffer>;
}

export interface LoadOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Secret of the process. */
  readonly salt: Uint8Array;
}

/** Reads all of it and reports every problem together. @throws CodedError PG_PROXY_CONFIG */
export function loadConfig(file: string, options: LoadOptions): LoadedConfig {
  const parsed = proxyConfig.safeParse(jsonOf(file));
  if (!parsed.success) throw pgProxyError('PG_PROXY_CONFIG', `${file}:\n${z.prettifyError(parsed.error)}`);
  const loading = new Loading(dirname(resolve(file)), options);
  const loaded = loading.load(parsed.data);
  if (loading.problems.length > 0) throw pgProxyError('PG_PROXY_CONFIG', `${file}:\n${loading.problems.join('\n')}`);
  return loaded;
}

function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw pgProxyError('PG_PROXY_CONFIG', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

class Loading {
  readonly problems: string[] = [];
  readonly #folder: string;
  readonly #options: LoadOptions;

  constructor(folder: string, options: LoadOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  load(config: ProxyConfig): LoadedConfig {
    const { tls } = config.listen;
    const databases = Object.entries(config.databases);
    for (const [name, { upstream, user, password }] of databases) {
      if (!(upstream in config.upstreams)) this.#problem(`databases.${name}.upstream: there is no ${upstream}`);
      if (password !== undefined && user === undefined) this.#problem(`databases.${name}.password: of no user`);
    }
    return {
      config,
      users: this.#users(config.auth.userFile),
      passwords: new Map(
        databases.flatMap(([name, { password }]) =>
          password === undefined ? [] : [[name, this.#secret(`databases.${name}.password`, password)] as const],
        ),
      ),
      certificate:
        tls === undefined
          ? undefined
          : { cert: this.#file('listen.tls.certificate', tls.certificate), key: this.#file('listen.tls.key', tls.key) },
      authorities: new Map(
        Object.entries(config.upstreams).flatMap(([name, { ca }]) =>
          ca === undefined ? [] : [[name, this.#file(`upstreams.${name}.ca`, ca)] as const],
        ),
      ),
    };
  }

  #users(file: string): Users {
    const read = readUserFile(this.#file('auth.userFile', file).toString('utf8'), this.#options.salt);
    if (read.kind === 'users') return read.users;
    this.#problem(`auth.userFile: line ${read.lines.join(', ')} is not like "name" "secret"`);
    return new Map();
  }

  #secret(what: string, source: SecretSource): string {
    if ('file' in source)
      return this.#file(what, source.file)
        .toString('utf8')
        .replace(/\r?\n$/, '');
    const secret = this.#options.environment[source.env];
    if (secret === undefined || secret === '') this.#problem(`${what}: ${source.env} is not set`);
    return secret ?? '';
  }

  #file(what: string, file: string): Buffer {
    try {
      return readFileSync(resolve(this.#folder, file));
    } catch (error) {
      this.#problem(`${what}: ${(error as Error).message}`);
      return Buffer.alloc(0);
    }
  }

  #problem(problem: string): void {
    this.problems.push(`✖ ${problem}`);
  }
}
