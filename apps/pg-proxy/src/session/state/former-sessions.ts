import { gap } from './leaves-state.ts';

/**
 * What a process keeps after a session: a temporary schema is created only once, the number of temporary buffers stays, and a loaded
 * language rejects unknown settings of its own.
 */
const sets = new RegExp(
  `^${gap}*set${gap}+(?:session${gap}+)?(?:search_path${gap}*(?:=|to)${gap}*['"]?pg_temp\\b|temp_buffers\\b|` +
    'pl\\w+\\.(?!variable_conflict\\b|print_strict_params\\b|check_asserts\\b|extra_warnings\\b|extra_errors\\b))',
  'i',
);
const setsByCall = /\bset_config\s*\(\s*'temp_buffers'/i;
/** Reports statistics that the process has gathered but not sent yet, including those from its start. */
const reports = 'pg_stat_force_next_flush';

/** Whether a statement may show something that former clients have left in the backend's process and that only its end removes. */
export function showsFormerSessions(text: string): boolean {
  return sets.test(text) || text.includes(reports) || setsByCall.test(text);
}

const outlivingPattern = /\b(?:temp_buffers\b|dblink_connect)/i;

/**
 * Whether it may leave something in the process that outlives the session: the number of temporary buffers stays as first set, and dblink's
 * connections stay open.
 */
export function outlivesSession(text: string): boolean {
  return outlivingPattern.test(text);
}
