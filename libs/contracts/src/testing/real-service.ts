import { jestGlobals } from './jest-globals.ts';

/** A part of the real stack, and the variable that says where a test finds it. `npm run test:integration` sets them. */
export type RealService = 'KAFKA' | 'FABRIC' | 'DEVNET' | 'POSTGRES' | 'REDIS' | 'COUCHDB';

const variable = (service: RealService): string => `MEDREX_TEST_${service}`;

/** Where the service is: brokers, a connection profile's file, a URL. Undefined when this run has none. */
export const whereIs = (service: RealService): string | undefined => process.env[variable(service)];

/**
 * A suite on a real service. Where the run has none it is left out by name, never in silence: the reporter prints it as
 * skipped with the variable that is missing.
 */
export function describeReal(service: RealService, title: string, suite: (where: string) => void): void {
  const { describe, it } = jestGlobals();
  const where = whereIs(service);
  if (where !== undefined) describe(title, () => suite(where));
  else describe.skip(`${title} (left out: no ${variable(service)})`, () => it('needs the service', () => undefined));
}
