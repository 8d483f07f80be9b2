import { irisSql, type IrisText } from '@medrex/sql';
import type { PageSize, SqlAnswer, SqlConnection, SqlValue } from '@medrex/sql-driver';
import { sqlValueOf, textOfParameter, type BoundParameter } from '../values/parameter-values.ts';
import type { IrisPlan } from './plan.ts';
import { SessionFault } from './session-fault.ts';

/** What the steps of one statement came to. */
export interface Ran {
  /** Of the step whose rows are those of the statement. */
  readonly answer: Extract<SqlAnswer, { kind: 'rows' }> | undefined;
  readonly changed: number;
}

const missing: BoundParameter = { bytes: null, isBinary: false, type: undefined };

/** The text to run and what to bind to it. @throws SessionFault */
export function boundText(
  text: IrisText,
  parameters: readonly BoundParameter[],
): { readonly sql: string; readonly values: readonly SqlValue[] } {
  const values = text.parameters.map(({ parameter, use }) => sqlValueOf(parameters[parameter - 1] ?? missing, use));
  try {
    const sql = irisSql(text, (parameter) => textOfParameter(parameters[parameter - 1] ?? missing) ?? undefined);
    return { sql, values };
  } catch (error) {
    if (error instanceof RangeError) throw new SessionFault('2201W', error.message);
    throw error;
  }
}

/** Runs the steps of a statement in their order. The caller has seen to a transaction where there are several. */
export async function runIris(
  connection: SqlConnection,
  plan: IrisPlan,
  parameters: readonly BoundParameter[],
  page: PageSize,
  saw: (sql: string, values: readonly SqlValue[]) => void = () => undefined,
): Promise<Ran> {
  let answer: Ran['answer'];
  let changed = 0;
  let before = 0;
  for (const step of plan.steps) {
    if (step.only === 'afterNone' && before > 0) continue;
    const { sql, values } = boundText(step, parameters);
    saw(sql, values);
    const all = await connection.run(sql, values, page);
    const came = all.kind === 'rows' && step.only === 'afterChange' && before === 0 ? await withoutRows(all) : all;
    if (came.kind === 'count') {
      before = came.rows;
      changed += came.rows;
    } else if (step.isResult && answer === undefined) answer = came;
    else if (step.isResult && answer !== undefined) answer = { ...answer, first: joined(answer, came) };
    else if (!came.first.isLast) await came.cursor.close();
  }
  return { answer, changed };
}

type RowsAnswer = NonNullable<Ran['answer']>;

/** The columns alone: the rows are not those of the statement. */
async function withoutRows(answer: RowsAnswer): Promise<RowsAnswer> {
  if (!answer.first.isLast) await answer.cursor.close();
  return { ...answer, first: { ...answer.first, rows: [], isLast: true } };
}

/** RETURNING of several rows comes as an answer for each of them; they are short. */
function joined(
  one: NonNullable<Ran['answer']>,
  other: NonNullable<Ran['answer']>,
): NonNullable<Ran['answer']>['first'] {
  return { rows: [...one.first.rows, ...other.first.rows], isLast: one.first.isLast && other.first.isLast };
}
