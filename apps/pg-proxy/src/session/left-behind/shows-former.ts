import { gap } from './leaves-state.ts';

/**
 * A temporary schema that is there already is not made; buffers of temporary tables that are there stay as many; a language that is loaded
 * takes no setting that it does not know.
 */
const sets = new RegExp(
  `^${gap}*set${gap}+(?:session${gap}+)?(?:search_path${gap}*(?:=|to)${gap}*['"]?pg_temp\\b|temp_buffers\\b|` +
    'pl\\w+\\.(?!variable_conflict\\b|print_strict_params\\b|check_asserts\\b|extra_warnings\\b|extra_errors\\b))',
  'i',
);
const setsByCall = /\bset_config\s*\(\s*'temp_buffers'/i;
/** Reports what the process has counted and not yet told, its own beginning among it. */
const reports = 'pg_stat_force_next_flush';

/** Whether a statement may show what former clients have left in the process of a backend and nothing but its end takes back. */
export function showsFormer(text: string): boolean {
  return sets.test(text) || text.includes(reports) || setsByCall.test(text);
}

const spends = /\b(?:temp_buffers\b|dblink_connect)/i;

/**
 * Whether it may leave in the process what no end of a session takes back: buffers of temporary tables stay as many as there were first, and
 * connections of dblink stay open.
 */
export function spendsProcess(text: string): boolean {
  return spends.test(text);
}
