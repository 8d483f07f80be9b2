import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadParser } from '../pg-parser.ts';
import { positionOfUnknown } from './unknown-name.ts';

beforeAll(loadParser);

/** The text at the position, or undefined. */
function shown(text: string, kind: 'column' | 'table', name: string): string | undefined {
  const position = positionOfUnknown(text, kind, `[SQLCODE: <-29>] Field '${name}' not found in 'this'`);
  return position === undefined
    ? undefined
    : Array.from(text)
        .slice(position - 1)
        .join('');
}

describe('the position of a name that IRIS does not know', () => {
  it.each([
    ['select nope from patients', 'NOPE', 'nope from patients'],
    ["select 'ü', p.Nope from patients p", 'P.NOPE', 'p.Nope from patients p'],
    ["select 'é😀', p.nope from w.patients p", 'W.PATIENTS.NOPE', undefined],
    ['select patients.nope from w.patients', 'W.PATIENTS.NOPE', 'patients.nope from w.patients'],
    ['select id from p where nope = 1 group by nope order by nope', 'NOPE', 'nope = 1 group by nope order by nope'],
    ['select count(*) from p group by nope order by nope', 'NOPE', 'nope'],
    ['select x.nope from a x, b y where y.nope = 1', 'Y.NOPE', 'y.nope = 1'],
    ['select * from a join b on b.nope = a.id', 'B.NOPE', 'b.nope = a.id'],
    ['insert into a (id, nope) values (1, 2)', 'NOPE', 'nope) values (1, 2)'],
    ['insert into a (id) values (1) on conflict (id) do update set nope = 1', 'NOPE', 'nope = 1'],
    ['update a set nope = 1', 'NOPE', 'nope = 1'],
    ['update a set x = nope where nope = 2', 'NOPE', 'nope = 2'],
    ['select 1; select nope from a', 'NOPE', 'nope from a'],
    ['select nope.* from a as nope', 'NOPE', undefined],
    ['select nope from a where exists (select 1 from b where nope = 1)', 'NOPE', undefined],
    ['select nope from a union select nope from b', 'NOPE', undefined],
    ['select nope from a; select nope from b', 'NOPE', undefined],
    ['select id as nope from a', 'NOPE', undefined],
    ['no sql', 'NOPE', undefined],
  ])('a column of %s, which is %s', (text, name, expected) => {
    expect(shown(text, 'column', name)).toBe(expected);
  });

  it.each([
    ['select * from nope', 'nope'],
    ['select (select 1 from nope), 2 from nope x', 'nope x'],
    ['with q as (select 1 from Nope) select * from q', 'Nope) select * from q'],
    ['insert into w.nope values (1)', 'w.nope values (1)'],
    ['update nope set x = 1', 'nope set x = 1'],
    ['delete from a using nope where true', 'nope where true'],
    [
      'merge into nope n using a on a.id = n.id when matched then delete',
      'nope n using a on a.id = n.id when matched then delete',
    ],
    ['explain select * from a join nope on true', 'nope on true'],
    ['select * from w.nope, nope', undefined],
    ['drop table nope', undefined],
    ['truncate nope', undefined],
  ])('a table of %s', (text, expected) => {
    expect(shown(text, 'table', 'SQLUSER.NOPE')).toBe(expected);
  });

  it('is unknown if IRIS reports no name', () => {
    expect(positionOfUnknown('select nope from a', 'column', 'Field not found')).toBeUndefined();
  });
});
