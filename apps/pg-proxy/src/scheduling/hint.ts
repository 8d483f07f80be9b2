import type { WorkloadClass } from '@medrex/pool';
import { readComment } from '@medrex/sql';
import { statementSettings } from '../config/scoped-settings.ts';
import { hintsOf } from '../config/session-settings.ts';

const key = 'workload_class';

/**
 * The class that a comment in a statement asks for, as a hint or in sqlcommenter's form: `/*workload_class='bulk'*\/`. The class admin
 * cannot be asked for.
 */
export function hintOf(text: string): WorkloadClass | undefined {
  if (!text.includes(key)) return undefined;
  const said = statementSettings.shape.workloadClass.safeParse(readComment(text).get(key));
  return said.data ?? hintsOf(text).workloadClass;
}
