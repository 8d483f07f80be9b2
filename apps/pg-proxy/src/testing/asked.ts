import { bind, execute, parse } from '@medrex/pg-wire';

/** One backend, for which clients wait as long as a test takes. */
export const oneBackend = { config: { pool: { size: 1, waitTimeoutMs: 60_000 } } };

/** A Parse. */
export const prepare = (name: string, text = 'select 1'): Buffer => parse({ name, text, parameterTypes: [] });

/** Bind and Execute of the unnamed portal, without parameters. */
export const run = (statement: string): Buffer =>
  Buffer.concat([
    bind({ portal: '', statement, parameterFormats: [], parameters: [], resultFormats: [] }),
    execute({ portal: '', rowsMax: 0 }),
  ]);

/** The statement by which the proxy sets something for its client at the server. */
export const set = (name: string, value: string): string =>
  `SELECT pg_catalog.set_config(E'${name}',E'${value}',false) IS NULL`;
