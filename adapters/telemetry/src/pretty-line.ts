const colours: Readonly<Record<string, number>> = { debug: 90, info: 36, warn: 33, error: 31 };

/** A JSON line of the log for people: time, level, service, sentence, fields. `isColoured` where the output is a terminal. */
export function prettyLine(json: string, isColoured = true): string {
  const { time, level, service, message, error, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  const padded = String(level).padEnd(5);
  const shown = isColoured ? `\u001b[${colours[String(level)] ?? 0}m${padded}\u001b[0m` : padded;
  const parts = [
    clock,
    shown,
    String(service).padEnd(19),
    String(message),
    ...Object.entries(fields).map(pair),
    ...errorText(error),
  ];
  return `${parts.join(' ')}\n`;
}

function pair([name, value]: readonly [string, unknown]): string {
  return `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`;
}

function errorText(error: unknown): readonly string[] {
  if (typeof error !== 'object' || error === null) return [];
  const { name, code, message, stack } = error as {
    name: string;
    code?: string;
    message?: string;
    stack: readonly string[];
  };
  return [
    `[${[code ?? name, message].filter((part) => part !== undefined).join(': ')}${stack[0] === undefined ? '' : ` ${stack[0]}`}]`,
  ];
}
