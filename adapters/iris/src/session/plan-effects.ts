import type { IrisPlan, Plan } from './plan.ts';

// What a plan does, as far as a session must know before it is run.

const readers: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'EXPLAIN']);
const endings: ReadonlySet<string> = new Set(['commit', 'rollback', 'rollbackTo']);

export function touchesIris(plan: Plan): boolean {
  if (plan.kind === 'command') return plan.command.kind === 'execute';
  return plan.kind === 'iris' || plan.kind === 'copyIn' || plan.kind === 'copyOut';
}

/** Whether it may be said in a transaction that has failed. */
export function endsTransaction(plan: Plan | undefined): boolean {
  return plan?.kind === 'transaction' && endings.has(plan.statement.transaction?.verb ?? '');
}

/** What changes rows or tables, in the words of an error: IRIS does not refuse that in a transaction that only reads. Undefined: nothing does. */
export function changeOf(plan: Plan | undefined): string | undefined {
  if (plan?.kind === 'copyIn') return 'COPY';
  if (plan?.kind !== 'iris' || plan.steps.length === 0) return undefined;
  if (locksRows(plan)) return 'SELECT FOR UPDATE';
  return readers.has(plan.command) ? undefined : plan.command;
}

/** A query changes nothing, unless it has rows to lock. */
function locksRows({ command, steps }: IrisPlan): boolean {
  return command === 'SELECT' && steps.some(({ only }) => only === 'afterChange' || only === 'ofRowsRead');
}

/** DISCARD ALL. */
export function forgetsAll(plan: Plan): boolean {
  return (
    plan.kind === 'session' &&
    plan.statement.effects.some((effect) => effect.kind === 'discard' && effect.target === 'all')
  );
}
