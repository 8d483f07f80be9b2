import {
  volatilityOf,
  type Analysis,
  type AskedSettings,
  type CopyOptions,
  type IrisStep,
  type IrisText,
  type IrisTranslation,
  type RelationName,
  type SqlCommand,
  type SqlFault,
  type Statement,
  type Translation,
} from '@medrex/sql';

/** How a session executes a statement. */
export type Plan =
  /** Transaction and session statements, which are not translated. */
  | { readonly kind: 'transaction'; readonly statement: Statement; readonly steps: readonly IrisStep[] }
  | {
      readonly kind: 'session';
      readonly statement: Statement;
      readonly text: string;
      readonly modes?: Modes | undefined;
      /** The columns of a SELECT of settings. */
      readonly asked?: AskedSettings | undefined;
    }
  /** PREPARE, EXECUTE, DECLARE, FETCH and the like. */
  | { readonly kind: 'command'; readonly statement: Statement; readonly command: SqlCommand }
  /** Answered by the embedded PostgreSQL that mirrors the tables of IRIS without rows. */
  | { readonly kind: 'catalog'; readonly statement: Statement; readonly text: string }
  | IrisPlan
  | {
      readonly kind: 'copyIn';
      readonly relation: RelationName;
      readonly insert: IrisText;
      readonly columns: readonly string[];
      readonly options: CopyOptions;
    }
  | { readonly kind: 'copyOut'; readonly query: IrisPlan; readonly options: CopyOptions }
  | { readonly kind: 'answer'; readonly column: string; readonly rows: readonly string[] }
  | { readonly kind: 'refused'; readonly fault: SqlFault };

type Modes = Extract<Translation, { kind: 'local' }>['modes'];

export interface IrisPlan extends IrisTranslation {
  /** Command tag without counts. */
  readonly command: string;
  /** It changes table definitions. */
  readonly isSchema: boolean;
}

/** The plans of a text, one per statement. */
export function plansOf(text: string, analysis: Analysis, translations: readonly Translation[]): readonly Plan[] {
  if (analysis.kind === 'refused') return [{ kind: 'refused', fault: analysis.fault }];
  if (analysis.kind !== 'read') return translations.map((translation) => planOf(translation, undefined, text));
  const utf8 = analysis.statements.length > 1 ? Buffer.from(text) : undefined;
  return analysis.statements.map((statement, place) => {
    const { start, end } = analysis.ranges[place] ?? { start: 0, end: 0 };
    const own = utf8 === undefined ? text : utf8.toString('utf8', start, end);
    const translation = translations[place];
    return translation === undefined ? unread : planOf(translation, statement, own);
  });
}

const unread: Plan = { kind: 'refused', fault: { sqlstate: '42601', message: 'the statement cannot be parsed' } };

function planOf(translation: Translation, statement: Statement | undefined, text: string): Plan {
  if (statement === undefined) {
    if (translation.kind === 'iris') return passedPlan(translation, firstWord(text));
    return translation.kind === 'refused' ? translation : unread;
  }
  if (statement.transaction !== undefined) {
    if (translation.kind === 'refused') return translation;
    return { kind: 'transaction', statement, steps: translation.kind === 'iris' ? translation.steps : [] };
  }
  if (translation.kind === 'command') return { kind: 'command', statement, command: translation.command };
  if (statement.readsCatalogOnly) return { kind: 'catalog', statement, text };
  if (translation.kind === 'local') {
    const { modes, asked } = translation;
    return { kind: 'session', statement, text, modes, asked };
  }
  if (translation.kind === 'refused' && isWithoutTables(statement)) return { kind: 'catalog', statement, text };
  if (translation.kind === 'refused' || translation.kind === 'answer' || translation.kind === 'copyIn')
    return translation;
  if (translation.kind === 'copyOut')
    return { kind: 'copyOut', options: translation.options, query: irisPlan(translation.query, 'COPY', false) };
  return irisPlan(translation, statement.command, statement.kind === 'schema');
}

function irisPlan(translation: IrisTranslation, command: string, isSchema: boolean): IrisPlan {
  return { ...translation, command, isSchema };
}

/** The plan of passed-through IRIS SQL: all but queries and changes of rows may change table definitions. */
function passedPlan(translation: IrisTranslation, command: string): Plan {
  return irisPlan(
    translation,
    command,
    !['SELECT', 'WITH', 'INSERT', 'UPDATE', 'DELETE', 'CALL', 'SET'].includes(command),
  );
}

/** Functions about the server that tools call at startup, and random functions. They are volatile but change nothing. */
const ofServer: ReadonlySet<string> = new Set([
  'pg_backend_pid',
  'pg_is_in_recovery',
  'txid_current',
  'txid_current_if_assigned',
  'pg_current_xact_id',
  'pg_current_xact_id_if_assigned',
  ...['random', 'gen_random_uuid', 'clock_timestamp', 'timeofday'],
]);

/** Whether a statement needs no tables, so that the embedded PostgreSQL can run it: version(), generate_series(1, 3). */
function isWithoutTables({ kind, reads, writes, calls, isReadOnly, volatility }: Statement): boolean {
  if (kind !== 'select' || reads.length > 0 || writes.length > 0) return false;
  if (isReadOnly && volatility !== 'volatile') return true;
  return calls.every((name) => ofServer.has(name) || /^(?:immutable|stable)$/.test(volatilityOf(name)));
}

function firstWord(text: string): string {
  return (/^\s*(?:\/\*.*?\*\/\s*)*(\w+)/s.exec(text)?.[1] ?? 'SELECT').toUpperCase();
}

/** The tag of CommandComplete. */
export function tagOf(command: string, rows: number): string {
  if (command === 'INSERT') return `INSERT 0 ${rows}`;
  return countedCommands.has(command) ? `${command} ${rows}` : command;
}

const countedCommands: ReadonlySet<string> = new Set(['SELECT', 'UPDATE', 'DELETE', 'COPY', 'FETCH', 'MOVE', 'MERGE']);
