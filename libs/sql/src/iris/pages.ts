import { identifier } from './names.ts';
import type { Limits } from './limits.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';

/** A key of ORDER BY, as printed. */
export interface SortKey {
  readonly key: string;
  readonly isDescending: boolean;
}

export const structured = (text: string): SortKey =>
  text.endsWith(' DESC')
    ? { key: text.slice(0, -' DESC'.length), isDescending: true }
    : { key: text, isDescending: false };
export const printed = ({ key, isDescending }: SortKey): string => (isDescending ? `${key} DESC` : key);

/** The parts of a query to which LIMIT is applied. */
export interface Pages {
  readonly head: string;
  readonly list: string;
  readonly names: readonly string[] | undefined;
  readonly namedList: () => string;
  readonly rest: string;
  readonly keys: readonly SortKey[];
  readonly isNested: boolean;
  readonly isNative: boolean;
  readonly isTop: boolean;
}

/** Prints LIMIT if IRIS has it, TOP if that suffices, and a condition on row numbers otherwise. */
export function paged(p: Printing, { count, offset, isWithTies }: Limits, pages: Pages): string {
  const { head, list, rest, keys, isNative, isTop } = pages;
  const order = keys.length === 0 ? '' : ` ORDER BY ${keys.map(printed).join(', ')}`;
  if (count === undefined && offset === undefined) {
    return `${head}${!isTop && order !== '' ? 'TOP ALL ' : ''}${list}${rest}${order}`; // ORDER BY in a subquery needs TOP
  }
  if (isWithTies && count !== undefined) return counted(pages, count, offset, isWithTies);
  if (isNative) {
    const limit = count ?? (p.dialect.has('offsetAlone') ? undefined : '2147483647');
    const end = (limit === undefined ? '' : ` LIMIT ${limit}`) + (offset === undefined ? '' : ` OFFSET ${offset}`);
    return `${head}${list}${rest}${order}${end}`;
  }
  if (offset === undefined) return `${head}TOP ${count ?? ''} ${list}${rest}${order}`;
  return counted(pages, count, offset, false);
}

function counted(
  { head, names, namedList, rest, keys, isNested, isTop }: Pages,
  count: string | undefined,
  offset: string | undefined,
  isWithTies: boolean,
): string {
  const all = names ?? refuse('OFFSET or WITH TIES over * of unknown columns', undefined, 'Name the columns.');
  if (new Set(all).size < all.length) return refuse('OFFSET or WITH TIES over two columns of one name');
  const outer = all.map((name) => identifier(name)).join(', ');
  const conditions = [
    ...(offset === undefined ? [] : [`iris_rn > ${offset}`]),
    ...(count === undefined
      ? []
      : [`${isWithTies ? 'iris_rk' : 'iris_rn'} <= ${offset === undefined ? '' : `${offset} + `}${count}`]),
  ];
  const order = (place: (at: number) => string): string =>
    keys.length === 0 ? '' : `ORDER BY ${keys.map((key, at) => printed({ ...key, key: place(at) })).join(', ')}`;
  const numbers = (over: string): string =>
    `ROW_NUMBER() OVER (${over}) AS iris_rn${isWithTies ? `, RANK() OVER (${over}) AS iris_rk` : ''}`;
  const inner = isNested
    ? `SELECT ${outer}, ${numbers(order((at) => `iris_o${at + 1}`))} FROM (${head}${[namedList(), ...keys.map(({ key }, at) => `${key} AS iris_o${at + 1}`)].join(', ')}${rest}) AS iris_q`
    : `${head}${namedList()}, ${numbers(order((at) => keys[at]?.key ?? ''))}${rest}`;
  const top = isTop ? '' : 'TOP ALL ';
  return `SELECT ${top}${outer} FROM (${inner}) AS iris_p WHERE ${conditions.join(' AND ')} ORDER BY iris_rn`;
}
