import { jestGlobals } from './jest-globals.ts';

/** A service of the real stack, and the variable with its address for tests. `npm run test:integration` sets them. */
export type RealService = 'KAFKA' | 'FABRIC' | 'DEVNET' | 'POSTGRES' | 'REDIS' | 'COUCHDB';

const variable = (service: RealService): string => `MEDREX_TEST_${service}`;

/** The address of the service: brokers, the file of a connection profile, a URL. Undefined if this run has none. */
export const whereIs = (service: RealService): string | undefined => process.env[variable(service)];

/**
 * A suite on a real service. Without the service it is skipped by name, and the reporter prints the missing variable.
 */
export function describeReal(service: RealService, title: string, suite: (where: string) => void): void {
  const { describe, it } = jestGlobals();
  const where = whereIs(service);
  if (where !== undefined) describe(title, () => suite(where));
  else describe.skip(`${title} (left out: no ${variable(service)})`, () => it('needs the service', () => undefined));
}
