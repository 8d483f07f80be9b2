import type { Node } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { refuse } from './refusal.ts';

/** How the rows of a COPY are written. */
export interface CopyOptions {
  readonly format: 'text' | 'csv';
  readonly delimiter: string;
  /** What stands for NULL. */
  readonly nothing: string;
  readonly hasHeader: boolean;
  /** In CSV only. */
  readonly quote: string;
  readonly escape: string;
  /** Columns whose values are quoted always; `all` for every one. */
  readonly forceQuote: readonly string[] | 'all';
}

export function copyOptions(options: readonly Node[] | undefined): CopyOptions {
  const given = new Map((options ?? []).map((option) => {
    const { defname = '', arg } = bodyOf(option, 'DefElem') ?? {};
    return [defname, arg] as const;
  })); // prettier-ignore
  for (const name of given.keys()) if (!known.has(name)) refuse(`COPY with ${name}`);
  const text = (name: string, standard: string): string => wordOf(given.get(name)) ?? standard;
  const format = text('format', 'text');
  if (format !== 'text' && format !== 'csv') return refuse(`COPY in ${format} format`);
  const encoding = text('encoding', 'utf8').toLowerCase();
  if (encoding !== 'utf8' && encoding !== 'utf-8') return refuse(`COPY in ${encoding}`);
  const quote = text('quote', '"');
  const forced = given.get('force_quote');
  return {
    format,
    delimiter: text('delimiter', format === 'csv' ? ',' : '\t'),
    nothing: text('null', format === 'csv' ? '' : '\\N'),
    hasHeader: given.has('header') && !/^(?:false|off|0|f)$/i.test(text('header', 'true')),
    quote,
    escape: text('escape', quote),
    forceQuote: forced === undefined ? [] : bodyOf(forced, 'A_Star') === undefined ? listed(forced) : 'all',
  };
}

const known: ReadonlySet<string> = new Set([
  'format',
  'delimiter',
  'null',
  'header',
  'quote',
  'escape',
  'force_quote',
  'encoding',
  'freeze',
]);

function listed(node: Node): readonly string[] {
  return namesOf(bodyOf(node, 'List')?.items);
}

/** Options take words, numbers and booleans bare. */
function wordOf(node: Node | undefined): string | undefined {
  const number = bodyOf(node, 'Integer');
  if (number !== undefined) return String(number.ival ?? 0);
  const flag = bodyOf(node, 'Boolean');
  if (flag !== undefined) return String(flag.boolval ?? false);
  return bodyOf(node, 'String')?.sval;
}
