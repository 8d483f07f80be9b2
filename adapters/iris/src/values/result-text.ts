import type { WireType } from '@medrex/pg-wire';
import type { PgType } from '@medrex/sql';

/** `.5` and `-.5` lack what PostgreSQL's clients expect. */
function number(text: string): string {
  if (text.startsWith('.')) return `0${text}`;
  return text.startsWith('-.') ? `-0${text.slice(1)}` : text;
}

/** Fractions of seconds without zeros at their end. */
function moment(text: string): string {
  return text
    .replace('T', ' ')
    .replace(/(\.\d*?)0+(?=$|[-+Z])/, (_, fraction: string) => (fraction === '.' ? '' : fraction));
}

const rules: Readonly<Partial<Record<WireType | 'vector', (text: string) => string>>> = {
  bool: (text) => (/^(?:1|t|true)$/i.test(text) ? 't' : 'f'),
  numeric: number,
  float4: number,
  float8: number,
  time: moment,
  timestamp: moment,
  // IRIS keeps no zone: what it keeps is taken for UTC.
  timestamptz: (text) => (/[-+]\d\d(?::?\d\d)?$/.test(text) ? moment(text) : `${moment(text).replace(/Z$/, '')}+00`),
  uuid: (text) => text.toLowerCase(),
  vector: (text) => (text.startsWith('[') ? text : `[${text}]`),
};

/** Makes PostgreSQL's text of a value of IRIS's driver; undefined: they are the same. */
export function textRule(type: WireType, pgType: PgType | undefined): ((text: string) => string) | undefined {
  return rules[pgType === 'vector' ? 'vector' : type];
}
