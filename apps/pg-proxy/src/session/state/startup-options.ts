import type { WireFault } from '@medrex/pg-wire';

type Setting = readonly [name: string, value: string];
/** What a switch sets, given its argument; undefined: it takes no such argument. */
type Switch = (argument: string) => readonly Setting[] | WireFault | undefined;

const sets =
  (name: string, value?: string): Switch =>
  (argument) => [[name, value ?? argument]];
/** Has a meaning for a server that is started by hand, and none for a session. */
const ignored: Switch = () => [];

const plans: Readonly<Record<string, string>> = {
  s: 'seqscan',
  i: 'indexscan',
  o: 'indexonlyscan',
  b: 'bitmapscan',
  t: 'tidscan',
  n: 'nestloop',
  m: 'mergejoin',
  h: 'hashjoin',
};

/** Switches of `postgres` without an argument. */
const plainSwitches = new Map<string, Switch>([
  ['e', sets('datestyle', 'euro')],
  ['F', sets('fsync', 'false')],
  ['i', sets('listen_addresses', '*')],
  ['l', sets('ssl', 'true')],
  ['O', sets('allow_system_table_mods', 'true')],
  ['P', sets('ignore_system_indexes', 'true')],
  ['s', sets('log_statement_stats', 'true')],
  ...Array.from('bEjnT', (letter) => [letter, ignored] as const),
]);

/** Switches with an argument, in the same word or in the next. */
const argumentSwitches = new Map<string, Switch>([
  ['-', (given) => longOption(given, '--')],
  ['c', (given) => longOption(given, '-c ')],
  ['B', sets('shared_buffers')],
  ['d', debug],
  ['f', ([plan = '']) => (plans[plan] === undefined ? undefined : [[`enable_${plans[plan]}`, 'false']])],
  ['h', sets('listen_addresses')],
  ['k', sets('unix_socket_directories')],
  ['N', sets('max_connections')],
  ['p', sets('port')],
  ['S', sets('work_mem')],
  ['t', statistics],
  ['W', sets('post_auth_delay')],
  ...Array.from('CDrv', (letter) => [letter, ignored] as const),
]);

/**
 * The settings in the `options` of a startup packet: switches of `postgres`, parsed as getopt(3) does. A fault: it cannot be understood.
 * Whether a setting exists is for the server to say.
 */
export function settingsOfOptions(text: string): Setting[] | WireFault {
  const words = wordsOf(text);
  const settings: Setting[] = [];
  const others: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '--') {
      others.push(...words.slice(index + 1));
      break;
    }
    if (!/^-./s.test(word)) {
      others.push(word);
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word.charAt(at);
      const rest = word.slice(at + 1);
      const takesMore = argumentSwitches.get(letter);
      const argument = takesMore !== undefined && rest === '' ? words[++index] : rest;
      const set = argument === undefined ? undefined : (takesMore ?? plainSwitches.get(letter))?.(argument);
      // getopt complains about the last word that it has finished.
      if (set === undefined)
        return invalidArgument(takesMore === undefined && rest !== '' ? words[index - 1] : (words[index] ?? word));
      if ('sqlstate' in set) return set;
      settings.push(...set);
      if (takesMore !== undefined) break;
    }
  }
  return others.length === 0 ? settings : invalidArgument(others[0]);
}

/** Separated by spaces, unless a backslash precedes one. */
function wordsOf(text: string): string[] {
  const words = text.match(/(?:\\.|[^\s\\]|\\$)+/gs) ?? [];
  return words.map((word) => word.replaceAll(/\\(.?)/gs, '$1'));
}

const invalidArgument = (word = 'postgres'): WireFault => ({
  sqlstate: '42601',
  message: `invalid command-line argument for server process: ${word}`,
  hint: 'Try "postgres --help" for more information.',
});

function longOption(given: string, how: string): readonly Setting[] | WireFault {
  const [, name, value] = /^([^=]*)=(.*)$/s.exec(given) ?? [];
  if (name === undefined || value === undefined)
    return { sqlstate: '42601', message: `${how}${given} requires a value` };
  return [[name.replaceAll('-', '_'), value]];
}

function debug(argument: string): readonly Setting[] {
  const level = Number.parseInt(argument, 10) || 0;
  const more = [
    ['log_statement', 'all'],
    ['debug_print_parse', 'true'],
    ['debug_print_plan', 'true'],
    ['debug_print_rewritten', 'true'],
  ] as const;
  return [['log_min_messages', level > 0 ? `debug${level}` : 'notice'], ...more.slice(0, Math.max(0, level - 1))];
}

const parts = new Map([
  ['pa', 'parser'],
  ['pl', 'planner'],
  ['e', 'executor'],
]);

function statistics(argument: string): readonly Setting[] | undefined {
  const part = parts.get(argument.startsWith('e') ? 'e' : argument.slice(0, 2));
  return part === undefined ? undefined : [[`log_${part}_stats`, 'true']];
}
