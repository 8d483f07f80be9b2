interface DateStyle {
  readonly style: string | undefined;
  readonly order: string | undefined;
}

/** The result of setting DateStyle twice: it consists of a style and an order, and a value may give only one of them. */
export function dateStyleAfter(before: string, said: string): string {
  const [first, last] = [read(before), read(said)];
  if (first === undefined || last === undefined) return said; // the server says what is wrong with it
  const parts = [last.style ?? first.style, last.order ?? orderOf(last.style) ?? first.order ?? orderOf(first.style)];
  return parts.filter((part) => part !== undefined).join(', ');
}

const orderOf = (style: string | undefined): string | undefined => (style === 'german' ? 'dmy' : undefined);

const styles = /^(?:iso|sql|postgres|german)/;
const orders = /^(?:ymd|dmy|euro|mdy|us$|noneuro)/;

function read(value: string): DateStyle | undefined {
  let [style, order]: (string | undefined)[] = [];
  for (const word of value.toLowerCase().split(',')) {
    const part = word.trim();
    if (styles.test(part)) style = part;
    else if (orders.test(part)) order = part;
    else return undefined;
  }
  return { style, order };
}
