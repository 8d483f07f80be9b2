import type { IrisPlan, Plan } from './plan.ts';

// Properties of a plan that a session checks before running it.

const readers: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'EXPLAIN']);
const endings: ReadonlySet<string> = new Set(['commit', 'rollback', 'rollbackTo']);

export function touchesIris(plan: Plan): boolean {
  if (plan.kind === 'command') return plan.command.kind === 'execute';
  return plan.kind === 'iris' || plan.kind === 'copyIn' || plan.kind === 'copyOut';
}

/** Whether it is allowed in a failed transaction. */
export function endsTransaction(plan: Plan | undefined): boolean {
  return plan?.kind === 'transaction' && endings.has(plan.statement.transaction?.verb ?? '');
}

/** The command that changes rows or tables, for an error in a read-only transaction, as IRIS does not enforce these. Undefined: none. */
export function changeOf(plan: Plan | undefined): string | undefined {
  if (plan?.kind === 'copyIn') return 'COPY';
  if (plan?.kind !== 'iris' || plan.steps.length === 0) return undefined;
  if (locksRows(plan)) return 'SELECT FOR UPDATE';
  return readers.has(plan.command) ? undefined : plan.command;
}

/** Whether a query locks rows. */
function locksRows({ command, steps }: IrisPlan): boolean {
  return command === 'SELECT' && steps.some(({ only }) => only === 'afterChange' || only === 'ofRowsRead');
}

/** Whether it is DISCARD ALL. */
export function forgetsAll(plan: Plan): boolean {
  return (
    plan.kind === 'session' &&
    plan.statement.effects.some((effect) => effect.kind === 'discard' && effect.target === 'all')
  );
}
