import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningPgProxy } from '@medrex/pg-proxy';
import { EmbeddedPostgres } from '@medrex/postgres';
import { isFree } from './free-port.ts';
import { withholdMessages } from './withhold-messages.ts';

/** The usual port of poolers. */
const usualPort = 6432;

/** pg-proxy in front of a PostgreSQL installed by npm, both on loopback, until `stop`. */
export class EmbeddedPgProxy {
  readonly urls: Readonly<Record<string, string>>;
  readonly #postgres: EmbeddedPostgres;
  readonly #running: RunningPgProxy;
  readonly #printMessages: () => void;

  private constructor(postgres: EmbeddedPostgres, running: RunningPgProxy) {
    this.#postgres = postgres;
    this.#running = running;
    this.#printMessages = withholdMessages(running);
    const { port } = running.proxy;
    // The password is specific to this data folder.
    const url = `postgres://${postgres.user}:${postgres.password}@127.0.0.1:${port}`;
    this.urls = { postgres: `${url}/${postgres.database}`, console: `${url}/pgbouncer`, metrics: running.urls.metrics };
  }

  /** @throws CodedError POSTGRES_EMBEDDED_UNAVAILABLE when there is no PostgreSQL for this machine */
  static async start(dataDir: string): Promise<EmbeddedPgProxy> {
    // Imported here, as no other command needs it.
    const { startPgProxy } = await import('@medrex/pg-proxy');
    const postgres = await EmbeddedPostgres.start(join(dataDir, 'postgres'));
    try {
      const file = await writeConfig(join(dataDir, 'pg-proxy'), postgres);
      const running = await startPgProxy({ file, environment: process.env, patienceMs: 3_000 });
      return new EmbeddedPgProxy(postgres, running);
    } catch (error) {
      await postgres.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#running.close();
    this.#printMessages();
    await this.#postgres.stop();
  }
}

async function writeConfig(folder: string, { port, user, password }: EmbeddedPostgres): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'users.txt'), `"${user}" "${password}"\n`, { mode: 0o600 });
  const config = {
    listen: { port: (await isFree(usualPort)) ? usualPort : 0 },
    upstreams: { embedded: { port } },
    databases: { '*': { upstream: 'embedded' } },
    auth: { userFile: 'users.txt' },
    admin: { users: [user] },
    metrics: { port: 0 },
  };
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return file;
}
