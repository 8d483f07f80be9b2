import type { Node } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { Refusal, refuse } from './refusal.ts';

/** The format of the rows of a COPY. */
export interface CopyOptions {
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: string;
  /** The text of NULL. */
  readonly nothing: string;
  /** The first line: data (`none`), skipped names (`first`), or names that must match the columns (`match`). */
  readonly header: 'none' | 'first' | 'match';
  /** CSV only. */
  readonly quote: string;
  readonly escape: string;
  /** Columns whose values are always quoted, or `all`. */
  readonly forceQuote: readonly string[] | 'all';
}

export function copyOptions(options: readonly Node[] | undefined, isFrom: boolean): CopyOptions {
  const given = new Map((options ?? []).map((option) => {
    const { defname = '', arg } = bodyOf(option, 'DefElem') ?? {};
    return [defname, arg] as const;
  })); // prettier-ignore
  for (const name of given.keys()) if (!known.has(name)) refuse(`COPY with ${name}`);
  const text = (name: string, standard: string): string => wordOf(given.get(name)) ?? standard;
  const format = text('format', 'text');
  const isBinary = format === 'binary';
  if (format !== 'text' && format !== 'csv' && !isBinary) return refuse(`COPY in ${format} format`);
  for (const name of ['delimiter', 'null', 'header'])
    if (isBinary && given.has(name))
      throw invalid(`cannot specify ${name.toUpperCase()} in BINARY mode`, name === 'header' ? '0A000' : '42601');
  const encoding = text('encoding', 'utf8').toLowerCase();
  if (encoding !== 'utf8' && encoding !== 'utf-8') return refuse(`COPY in ${encoding}`);
  for (const name of ['quote', 'escape', 'force_quote'])
    if (format !== 'csv' && given.has(name)) throw invalid(`COPY ${name.replace('_', ' ')} requires CSV mode`, '0A000');
  const sign = (name: string, standard: string): string => oneByte(name, text(name, standard));
  const quote = sign('quote', '"');
  const forced = given.get('force_quote');
  return {
    format,
    delimiter: sign('delimiter', format === 'csv' ? ',' : '\t'),
    nothing: text('null', format === 'csv' ? '' : '\\N'),
    header: headerOf(given.has('header'), text('header', 'true'), isFrom),
    quote,
    escape: sign('escape', quote),
    forceQuote: forced === undefined ? [] : bodyOf(forced, 'A_Star') === undefined ? listed(forced) : 'all',
  };
}

const invalid = (message: string, sqlstate = '22023'): Refusal => new Refusal(message, { sqlstate });

function oneByte(name: string, text: string): string {
  if (text.length !== 1 || text > '\x7f') throw invalid(`COPY ${name} must be a single one-byte character`, '0A000');
  if (text === '\n' || text === '\r') throw invalid(`COPY ${name} cannot be newline or carriage return`);
  return text;
}

function headerOf(isGiven: boolean, word: string, isFrom: boolean): CopyOptions['header'] {
  if (!isGiven || /^(?:false|off|0)$/i.test(word)) return 'none';
  if (/^(?:true|on|1)$/i.test(word)) return 'first';
  if (!/^match$/i.test(word)) throw invalid('header requires a Boolean value or "match"', '42601');
  if (isFrom) return 'match';
  throw invalid('cannot use "match" with HEADER in COPY TO', '0A000');
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

/** The value of an option, which may be an unquoted word, number or boolean. */
function wordOf(node: Node | undefined): string | undefined {
  const number = bodyOf(node, 'Integer');
  if (number !== undefined) return String(number.ival ?? 0);
  const flag = bodyOf(node, 'Boolean');
  if (flag !== undefined) return String(flag.boolval ?? false);
  return bodyOf(node, 'String')?.sval;
}
