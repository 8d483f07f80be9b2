import { oidOfType } from './catalog-tables.ts';
import { cellText, cellTypes, type Cell, type CellType } from './cell.ts';
import { areDecimal, decimal, fail, notSupported, type Compiled, type Typed } from './compiled.ts';
import { as, commonType, roundedAway, roundedToEven, typed } from './conversion.ts';
import { overloaded, type FixedFunction, type FixedFunctions, type Value } from './fixed-function.ts';
import { isNumber, Operators, strict } from './operators.ts';
import type { Parameters } from './parameters.ts';
import type { SessionFacts } from './source.ts';
import { textFunctions } from './text-functions.ts';
import { extracted, timeFunctions } from './time-functions.ts';

const floatFunction = (of: (value: number) => number): FixedFunction[] =>
  overloaded([['float8']], 'float8', ([value]) => of(Number(value)));
const floatFunction2 = (of: (one: number, other: number) => number): FixedFunction[] =>
  overloaded([['float8', 'float8']], 'float8', ([one, other]) => of(Number(one), Number(other)));

/** Functions that return numeric for numeric. */
const decimalFunction: ReadonlySet<string> = new Set(['floor', 'ceil', 'ceiling', 'trunc']);

function logarithm(of: (value: number) => number): FixedFunction[] {
  return floatFunction((value) => {
    if (value > 0 || Number.isNaN(value)) return of(value);
    return fail('2201E', `cannot take logarithm of ${value === 0 ? 'zero' : 'a negative number'}`);
  });
}

const numberFunctions: FixedFunctions = {
  floor: floatFunction(Math.floor),
  ceil: floatFunction(Math.ceil),
  ceiling: floatFunction(Math.ceil),
  trunc: floatFunction(Math.trunc),
  exp: floatFunction(Math.exp),
  ln: logarithm(Math.log),
  log: logarithm(Math.log10),
  pi: overloaded([[]], 'float8', () => Math.PI),
  pow: floatFunction2((base, exponent) => base ** exponent),
  power: floatFunction2((base, exponent) => base ** exponent),
  sign: floatFunction(Math.sign),
  sqrt: floatFunction((value) =>
    value < 0 ? fail('2201F', 'cannot take square root of a negative number') : Math.sqrt(value),
  ),
  to_regtype: overloaded([['text']], 'int8', ([name]) => oidOfType(String(name))),
  pg_size_pretty: overloaded([['int8']], 'text', ([bytes]) => prettySize(Number(bytes))),
};

/** pg_size_pretty: up to 10,240 of each unit, then the next one, rounded. */
function prettySize(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let [size, unit] = [bytes, 0];
  while (Math.abs(size) >= 10_240 - (unit === 0 ? 0 : 0.5) && unit < units.length - 1)
    [size, unit] = [size / 1_024, unit + 1];
  return `${roundedAway(size)} ${units[unit]}`;
}

const fixed: FixedFunctions = { ...textFunctions, ...numberFunctions, ...timeFunctions };
const sameAs: Readonly<Record<string, string>> = {
  current_timestamp: 'now',
  transaction_timestamp: 'now',
  statement_timestamp: 'now',
  clock_timestamp: 'now',
  localtimestamp: 'now',
  char_length: 'length',
  character_length: 'length',
  position: 'strpos',
  trim: 'btrim',
};

/** Scalar functions. */
export class Functions {
  readonly #parameters: Parameters;
  readonly #session: SessionFacts;
  readonly #operators: Operators;

  constructor(parameters: Parameters, session: SessionFacts) {
    this.#parameters = parameters;
    this.#session = session;
    this.#operators = new Operators(parameters);
  }

  call(name: string, args: readonly Compiled[], location?: number): Typed {
    const meant = sameAs[name] ?? name;
    if (Object.hasOwn(fixed, meant)) {
      const known = fixed[meant]?.find((one) => areTaken(args, one.parameterTypes));
      if (known === undefined) return this.#none(name, args, location);
      const operands = args.map((arg, index) => this.#taken(arg, known.parameterTypes[index] as CellType));
      const isDecimal = known.resultType === 'float8' && areDecimal(args);
      return { ...strict(known.resultType, operands, known.apply), ...decimal(isDecimal && decimalFunction.has(name)) };
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
      case 'mod':
        return args.length === 2 ? this.#operators.binary('%', first as Compiled, second as Compiled) : undefined;
      case 'pg_typeof':
        return args.length === 1
          ? constant('text', first?.type === 'unknown' ? 'unknown' : cellTypes[first?.type ?? 'text'].name)
          : undefined;
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

  /** AT TIME ZONE; only UTC, the zone of all sessions here, is supported. */
  #inZone(zone: Compiled, value: Compiled): Typed {
    return strict('timestamptz', [this.#taken(zone, 'text'), this.#taken(value, 'timestamptz')], ([name, at]) =>
      /^(?:utc|gmt|z|etc\/utc)$/i.test(String(name)) ? (at as Value) : notSupported('a time zone other than UTC'),
    );
  }

  #concat(name: string, args: readonly Compiled[]): Typed {
    const operands = args.map((arg) => typed(arg, this.#parameters));
    return {
      type: 'text',
      evaluate: (row, run) => {
        const values = operands.map((one) => {
          const value = one.evaluate(row, run);
          return value === null ? null : cellText(value, one.type);
        });
        if (name === 'concat') return values.filter((value) => value !== null).join('');
        const [by = null, ...parts] = values;
        return by === null ? null : parts.filter((value) => value !== null).join(by);
      },
    };
  }

  /** Functions about the session. */
  #ofSession(name: string, args: readonly Compiled[]): Typed | undefined {
    const { user, database, version } = this.#session;
    const texts: Readonly<Record<string, string>> = {
      version,
      current_database: database,
      current_catalog: database,
      current_schema: 'medrex',
      current_user: user,
      session_user: user,
      user,
      current_role: user,
    };
    if (args.length === 0 && Object.hasOwn(texts, name)) return constant('text', texts[name] ?? null);
    switch (name) {
      case 'pg_backend_pid':
        return constant('int4', 0);
      case 'inet_server_addr':
      case 'inet_client_addr':
        return constant('text', null);
      case 'current_schemas':
        return args[0] === undefined ? undefined : this.#schemas(args[0]);
      case '_pg_expandarray':
        return constant('text', null);
      case 'pg_stat_get_numscans':
        return constant('int8', 0);
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
      case 'pg_collation_is_visible':
      case 'pg_function_is_visible':
      case 'pg_table_is_visible':
      case 'pg_type_is_visible':
      case 'has_table_privilege':
      case 'has_schema_privilege':
      case 'has_database_privilege':
      case 'pg_has_role':
      case 'has_column_privilege':
      case 'has_any_column_privilege':
      case 'has_tablespace_privilege':
        return constant('bool', true);
      case 'pg_get_userbyid':
        return constant('text', user);
      case 'obj_description':
      case 'col_description':
      case 'shobj_description':
      case 'pg_get_constraintdef':
      case 'pg_get_indexdef':
      case 'pg_get_partkeydef':
      case 'pg_get_triggerdef':
      case 'pg_get_functiondef':
      case 'pg_get_expr':
      case 'pg_get_viewdef':
      case 'pg_get_ruledef':
      case 'pg_get_function_result':
      case 'pg_get_function_arguments':
      case 'pg_get_serial_sequence':
      case 'pg_tablespace_location':
        return constant('text', null);
      // SQLAlchemy calls it on tables that are empty here.
      case 'json_build_object':
        return { type: 'text', evaluate: () => notSupported('json_build_object') };
      // Called on array columns of catalogues that are empty here.
      case 'unnest':
      case 'generate_subscripts':
        return args[0]?.type === 'text' ? constant('int4', null) : undefined;
      case 'set_config':
        return args[1] === undefined ? undefined : this.#taken(args[1], 'text');
      case 'current_setting':
        return args[0] === undefined ? undefined : this.#setting(args[0], args[1] !== undefined);
      default:
        return undefined;
    }
  }

  #schemas(withCatalog: Compiled): Typed {
    return strict('text', [this.#taken(withCatalog, 'bool')], ([isWith]) =>
      isWith === true ? '{pg_catalog,medrex}' : '{medrex}',
    );
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

function areTaken(args: readonly Compiled[], takes: readonly CellType[]): boolean {
  const isTaken = ({ type }: Compiled, index: number): boolean =>
    type === 'unknown' || commonType(type, takes[index] ?? 'unknown') === takes[index];
  return takes.length === args.length && args.every(isTaken);
}

export function constant(type: CellType, value: Cell): Typed {
  return { type, evaluate: () => value, isConstant: true };
}
