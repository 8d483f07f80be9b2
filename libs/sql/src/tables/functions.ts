import { cellText, cellTypes, type Cell, type CellType } from './cell.ts';
import { areDecimal, decimal, fail, notSupported, type Compiled, type Run, type Typed } from './compiled.ts';
import { as, commonType, roundedAway, roundedToEven, typed } from './conversion.ts';
import { arrayText, elementsOf } from './matching.ts';
import { isNumber, strict } from './operators.ts';
import type { Parameters } from './parameters.ts';
import type { SessionFacts } from './source.ts';

type Value = Exclude<Cell, null>;

/** A function of fixed argument types. */
interface Fixed {
  readonly takes: readonly CellType[];
  readonly gives: CellType;
  readonly of: (values: readonly Value[], run: Run) => Cell;
}

const ofText = (gives: CellType, of: (text: string) => Cell): Fixed => ({
  ...{ takes: ['text'], gives, of: ([text]) => of(String(text)) },
});
const ofFloat = (of: (value: number) => number): Fixed => ({
  ...{ takes: ['float8'], gives: 'float8', of: ([value]) => of(Number(value)) },
});

/** Of a numeric they give a numeric. */
const ofDecimals: ReadonlySet<string> = new Set(['floor', 'ceil', 'ceiling', 'trunc']);

const fixed: Readonly<Record<string, Fixed>> = {
  lower: ofText('text', (text) => text.toLowerCase()),
  upper: ofText('text', (text) => text.toUpperCase()),
  length: ofText('int4', (text) => Array.from(text).length),
  trim: ofText('text', (text) => text.replaceAll(/^ +| +$/g, '')),
  btrim: ofText('text', (text) => text.replaceAll(/^ +| +$/g, '')),
  quote_ident: ofText('text', (text) => (/^[a-z_][a-z0-9_]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`)),
  floor: ofFloat(Math.floor),
  ceil: ofFloat(Math.ceil),
  ceiling: ofFloat(Math.ceil),
  trunc: ofFloat(Math.trunc),
  sqrt: ofFloat((value) =>
    value < 0 ? fail('2201F', 'cannot take square root of a negative number') : Math.sqrt(value),
  ),
  ln: ofFloat((value) => {
    if (value > 0 || Number.isNaN(value)) return Math.log(value);
    return fail('2201E', `cannot take logarithm of ${value === 0 ? 'zero' : 'a negative number'}`);
  }),
  left: {
    ...{ takes: ['text', 'int4'], gives: 'text' },
    of: ([text, count]) => Array.from(String(text)).slice(0, Number(count)).join(''),
  },
  strpos: {
    ...{ takes: ['text', 'text'], gives: 'int4' },
    of: ([text, part]) => {
      const at = String(text).indexOf(String(part));
      return at < 0 ? 0 : Array.from(String(text).slice(0, at)).length + 1;
    },
  },
  replace: {
    ...{ takes: ['text', 'text', 'text'], gives: 'text' },
    of: ([text, old, fresh]) => (old === '' ? String(text) : String(text).replaceAll(String(old), () => String(fresh))),
  },
  split_part: {
    ...{ takes: ['text', 'text', 'int4'], gives: 'text' },
    of: ([text, by, at]) => {
      const place = Number(at);
      if (place === 0) return fail('22023', 'field position must not be zero');
      const parts = by === '' ? [String(text)] : String(text).split(String(by));
      return parts.at(place < 0 ? place : place - 1) ?? '';
    },
  },
  rtrim: {
    ...{ takes: ['text', 'text'], gives: 'text' },
    of: ([text, signs]) => {
      let end = String(text).length;
      while (end > 0 && String(signs).includes(String(text).charAt(end - 1))) end--;
      return String(text).slice(0, end);
    },
  },
  string_to_array: {
    ...{ takes: ['text', 'text'], gives: 'text' },
    of: ([text, by]) => arrayText(text === '' ? [] : String(text).split(String(by)), 'text'),
  },
  array_to_string: {
    ...{ takes: ['text', 'text'], gives: 'text' },
    of: ([array, by]) =>
      elementsOf(String(array))
        .filter((element) => element !== null)
        .join(String(by)),
  },
  parse_ident: ofText('text', (text) => arrayText(identifiersOf(text), 'text')),
  array_length: {
    ...{ takes: ['text', 'int4'], gives: 'int4' },
    of: ([array, of]) => boundOf(String(array), Number(of), elementsOf(String(array)).length),
  },
  array_lower: { takes: ['text', 'int4'], gives: 'int4', of: ([array, of]) => boundOf(String(array), Number(of), 1) },
  array_upper: {
    ...{ takes: ['text', 'int4'], gives: 'int4' },
    of: ([array, of]) => boundOf(String(array), Number(of), elementsOf(String(array)).length),
  },
  pg_size_pretty: { takes: ['int8'], gives: 'text', of: ([bytes]) => `${Number(bytes)} bytes` },
  to_timestamp: { takes: ['float8'], gives: 'timestamptz', of: ([seconds]) => Number(seconds) * 1_000 },
  date_trunc: {
    ...{ takes: ['text', 'timestamptz'], gives: 'timestamptz' },
    of: ([unit, at]) => truncated(String(unit).toLowerCase(), Number(at)),
  },
  date_bin: {
    ...{ takes: ['interval', 'timestamptz', 'timestamptz'], gives: 'timestamptz' },
    of: ([stride, at, origin]) => {
      if (!(Number(stride) > 0)) fail('22023', 'stride must be greater than zero');
      return Number(origin) + Math.floor((Number(at) - Number(origin)) / Number(stride)) * Number(stride);
    },
  },
  now: { takes: [], gives: 'timestamptz', of: (_values, { nowMs }) => nowMs },
};
const sameAs: Readonly<Record<string, string>> = {
  ...{ current_timestamp: 'now', transaction_timestamp: 'now', statement_timestamp: 'now', clock_timestamp: 'now' },
  ...{ char_length: 'length', character_length: 'length' },
};

/** The names of `a."B c"`. */
function identifiersOf(text: string): string[] {
  const name = /\s*(?:"((?:[^"]|"")+)"|([a-z_][\w$]*))\s*(\.|$)/iy;
  const names: string[] = [];
  for (;;) {
    const [found, quoted, bare = '', end] = name.exec(text) ?? [];
    if (found === undefined) return fail('22023', 'string is not a valid identifier');
    names.push(quoted === undefined ? bare.toLowerCase() : quoted.replaceAll('""', '"'));
    if (end === '') return names;
  }
}

/** Arrays here have one dimension. */
function boundOf(array: string, dimension: number, bound: number): number | null {
  return dimension === 1 && elementsOf(array).length > 0 ? bound : null;
}

const unitsMs: Readonly<Record<string, number>> = {
  ...{ microsecond: 0.001, millisecond: 1, second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 },
};

function truncated(unit: string, at: number): number {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (unit === 'year') return Date.UTC(year, 0);
  if (unit === 'quarter') return Date.UTC(year, month - (month % 3));
  if (unit === 'month') return Date.UTC(year, month);
  if (unit === 'week') return Date.UTC(year, month, date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  const ms = unitsMs[unit.replace(/s$/, '')];
  if (ms === undefined) return fail('22023', 'unit for date_trunc is not recognized');
  return Math.floor(at / ms) * ms;
}

function extracted(field: string, value: number, isInterval: boolean): number {
  const date = new Date(value);
  switch (field) {
    case 'epoch':
      return value / 1_000;
    case 'millisecond':
    case 'milliseconds':
      return (value % 60_000) % 60_000;
    case 'second':
    case 'seconds':
      return (value % 60_000) / 1_000;
    case 'minute':
      return Math.trunc(value / 60_000) % 60;
    case 'hour':
      return Math.trunc(value / 3_600_000) % 24;
    case 'day':
      return isInterval ? Math.trunc(value / 86_400_000) : date.getUTCDate();
    case 'dow':
      return date.getUTCDay();
    case 'month':
      return date.getUTCMonth() + 1;
    case 'year':
      return date.getUTCFullYear();
    default:
      return fail('22023', 'this field of a time is not supported on tables of pg-proxy');
  }
}

/** Functions of one value for each row. */
export class Functions {
  readonly #parameters: Parameters;
  readonly #session: SessionFacts;

  constructor(parameters: Parameters, session: SessionFacts) {
    this.#parameters = parameters;
    this.#session = session;
  }

  call(name: string, args: readonly Compiled[], location?: number): Typed {
    const known = fixed[sameAs[name] ?? name];
    if (known !== undefined && Object.hasOwn(fixed, sameAs[name] ?? name)) {
      if (known.takes.length !== args.length) return this.#none(name, args, location);
      const isTaken = (arg: Compiled, index: number): boolean =>
        arg.type === 'unknown' || commonType(arg.type, known.takes[index] as CellType) === known.takes[index];
      if (!args.every(isTaken)) return this.#none(name, args, location);
      const operands = args.map((arg, index) => this.#taken(arg, known.takes[index] as CellType));
      const isDecimal = known.gives === 'float8' && areDecimal(args);
      return { ...strict(known.gives, operands, known.of), ...decimal(isDecimal && ofDecimals.has(name)) };
    }
    return this.#ofSession(name, args) ?? this.#special(name, args) ?? this.#none(name, args, location);
  }

  #taken(arg: Compiled, type: CellType): Typed {
    return as(arg, type, this.#parameters);
  }

  #special(name: string, args: readonly Compiled[]): Typed | undefined {
    const [first, second] = args;
    switch (name) {
      case 'abs':
      case 'round':
        return first === undefined ? undefined : this.#rounded(name, first, second);
      case 'extract':
      case 'date_part':
        return first === undefined || second === undefined ? undefined : this.#extract(name, first, second);
      case 'timezone':
        return second === undefined ? undefined : this.#inZone(first as Compiled, second);
      case 'concat':
      case 'concat_ws':
        return this.#concat(name, args);
      default:
        return undefined;
    }
  }

  #rounded(name: string, value: Compiled, digits: Compiled | undefined): Typed {
    const operand = isNumber(value.type) ? (value as Typed) : this.#taken(value, 'float8');
    const kept = decimal(operand.isDecimal);
    if (name === 'abs') return { ...strict(operand.type, [operand], ([number]) => Math.abs(Number(number))), ...kept };
    const round = operand.isDecimal === true ? roundedAway : roundedToEven;
    if (digits === undefined) return { ...strict('float8', [operand], ([number]) => round(Number(number))), ...kept };
    return {
      ...decimal(true),
      ...strict('float8', [operand, this.#taken(digits, 'int4')], ([number, count]) => {
        const factor = 10 ** Number(count);
        return roundedAway(Number((Number(number) * factor).toPrecision(15))) / factor;
      }),
    };
  }

  #extract(name: string, field: Compiled, value: Compiled): Typed {
    const operand = value.type === 'interval' ? (value as Typed) : this.#taken(value, 'timestamptz');
    const isInterval = operand.type === 'interval';
    const extraction = strict('float8', [this.#taken(field, 'text'), operand], ([part, at]) =>
      extracted(String(part).toLowerCase(), Number(at), isInterval),
    );
    return { ...extraction, ...decimal(name === 'extract') };
  }

  /** Sessions here are in UTC, and that is the only zone. */
  #inZone(zone: Compiled, value: Compiled): Typed {
    return strict('timestamptz', [this.#taken(zone, 'text'), this.#taken(value, 'timestamptz')], ([name, at]) =>
      /^(?:utc|gmt|z|etc\/utc)$/i.test(String(name)) ? (at as Value) : notSupported('a time zone other than UTC'),
    );
  }

  #concat(name: string, args: readonly Compiled[]): Typed {
    const operands = args.map((arg) => typed(arg, this.#parameters));
    return {
      type: 'text',
      of: (row, run) => {
        const values = operands.map((one) => {
          const value = one.of(row, run);
          return value === null ? null : cellText(value, one.type);
        });
        if (name === 'concat') return values.filter((value) => value !== null).join('');
        const [by = null, ...parts] = values;
        return by === null ? null : parts.filter((value) => value !== null).join(by);
      },
    };
  }

  /** What a client asks about its session. */
  #ofSession(name: string, args: readonly Compiled[]): Typed | undefined {
    const { user, database, version } = this.#session;
    const texts: Readonly<Record<string, string>> = {
      ...{ version, current_database: database, current_catalog: database, current_schema: 'medrex' },
      ...{ current_user: user, session_user: user, user, current_role: user },
    };
    if (args.length === 0 && Object.hasOwn(texts, name)) return constant('text', texts[name] ?? null);
    switch (name) {
      case 'pg_backend_pid':
        return constant('int4', 0);
      case 'pg_is_in_recovery':
        return constant('bool', false);
      case 'pg_encoding_to_char':
        return constant('text', 'UTF8');
      case 'pg_table_size':
      case 'pg_relation_size':
      case 'pg_total_relation_size':
      case 'pg_database_size':
      case 'pg_tablespace_size':
        return constant('int8', 0);
      case 'format_type':
        return args[0] === undefined ? undefined : this.#typeName(args[0]);
      case 'pg_function_is_visible':
      case 'pg_table_is_visible':
      case 'pg_type_is_visible':
      case 'has_table_privilege':
      case 'has_schema_privilege':
      case 'has_database_privilege':
      case 'pg_has_role':
      case 'has_tablespace_privilege':
        return constant('bool', true);
      case 'pg_get_userbyid':
        return constant('text', user);
      case 'obj_description':
      case 'col_description':
      case 'shobj_description':
      case 'pg_get_expr':
      case 'pg_get_viewdef':
      case 'pg_get_ruledef':
      case 'pg_get_function_result':
      case 'pg_get_function_arguments':
      case 'pg_tablespace_location':
        return constant('text', null);
      case 'set_config':
        return args[1] === undefined ? undefined : this.#taken(args[1], 'text');
      case 'current_setting':
        return args[0] === undefined ? undefined : this.#setting(args[0], args[1] !== undefined);
      default:
        return undefined;
    }
  }

  #typeName(oid: Compiled): Typed {
    return strict('text', [this.#taken(oid, 'int8')], ([wanted]) => {
      const type = Object.values(cellTypes).find((one) => one.oid === Number(wanted));
      return type?.name ?? '???';
    });
  }

  #setting(name: Compiled, isMissingFine: boolean): Typed {
    return strict('text', [this.#taken(name, 'text')], ([setting]) => {
      const value = this.#session.setting(String(setting).toLowerCase());
      if (value !== undefined) return value;
      return isMissingFine ? null : fail('42704', 'unrecognized configuration parameter');
    });
  }

  #none(name: string, args: readonly Compiled[], location?: number): never {
    const types = args.map(({ type }) => (type === 'unknown' ? 'unknown' : cellTypes[type].name));
    return fail(
      '42883',
      `function ${name}(${types.join(', ')}) does not exist`,
      location,
      'Tables of pg-proxy know common functions only.',
    );
  }
}

export function constant(type: CellType, value: Cell): Typed {
  return { type, of: () => value, isConstant: true };
}
