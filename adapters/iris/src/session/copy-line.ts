import type { CopyOptions } from '@medrex/sql';

/** A row of COPY TO as text or CSV. */
export function copyLine(fields: readonly (string | null)[], labels: readonly string[], options: CopyOptions): string {
  const { format, delimiter, nothing, forceQuote } = options;
  const written = fields.map((field, place) => {
    if (field === null) return nothing;
    if (format === 'text') return escaped(field, delimiter);
    return csvField(field, forceQuote === 'all' || forceQuote.includes(labels[place] ?? ''), options);
  });
  return `${written.join(delimiter)}\n`;
}

/** The header line with the column names, quoted only if needed. */
export function copyHeader(labels: readonly string[], options: CopyOptions): string {
  return copyLine(labels, labels, { ...options, forceQuote: [] });
}

function csvField(field: string, isForced: boolean, { delimiter, quote, escape, nothing }: CopyOptions): string {
  const isPlain =
    field !== nothing && field !== '\\.' && ![delimiter, quote, '\n', '\r'].some((each) => field.includes(each));
  if (isPlain && !isForced) return field;
  const inner =
    escape === quote ? doubled(field, quote, quote) : doubled(doubled(field, escape, escape), quote, escape);
  return quote + inner + quote;
}

const doubled = (field: string, sign: string, by: string): string => field.split(sign).join(by + sign);

const names: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

function escaped(field: string, delimiter: string): string {
  const whole = field.replaceAll(/[\b\f\n\r\t\v\\]/g, (letter) => names[letter] ?? letter);
  return delimiter === '\t' ? whole : doubled(whole, delimiter, '\\');
}
