import { beforeAll, expect, it } from '@jest/globals';
import { SqlAnalyser, type Tables } from '@medrex/sql';
import { Preparer } from './preparer.ts';

const broken = (): never => {
  throw new TypeError('nobody thought of this');
};

const report = {
  kind: 'error',
  sqlstate: 'XX000',
  message: 'internal error of pg-proxy: nobody thought of this',
  hint: 'Clients are not affected. Please report it, with your query.',
};

/** A preparer with one table, `pools`, whose rows cannot be had. */
const preparer = (find: Tables['find']): Preparer =>
  new Preparer({
    context: broken,
    tables: { find, session: { user: 'operator', database: 'medrex' } as Tables['session'] },
    epochMs: () => 0,
  });

// The grammar.
beforeAll(() => SqlAnalyser.load());

it('answers with an internal error if reading fails, instead of ending the proxy', () => {
  const [statement] = preparer(broken).read('select * from pools', []);
  expect(statement?.failure).toEqual(report);
});

it('answers with an internal error if running fails, instead of ending the proxy', () => {
  const columns = [{ name: 'database', type: 'text' as const }];
  const [query] = preparer(() => ({ columns, rows: broken })).read('select * from pools', []);
  expect(query?.run([])).toEqual(report);
  const [command] = preparer(broken).read('reload', []);
  expect(command?.run([])).toEqual(report);
});
