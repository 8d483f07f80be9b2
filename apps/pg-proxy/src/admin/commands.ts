import type { PoolScope } from '@medrex/pool';
import { show, viewNames, type Sight, type Table } from './show.ts';

/** What the console can do, beside looking. */
export interface Controls extends Sight {
  /** Reads the configuration again. @throws Error with what is wrong with it */
  reload(): void;
}

export type Outcome =
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'done'; readonly tag: string; readonly until?: () => boolean }
  | { readonly kind: 'error'; readonly sqlstate: string; readonly message: string; readonly hint?: string };

const form = /^\s*(\w+)(?:\s+("(?:[^"]|"")+"|[\w.-]+))?\s*;?\s*$/;
const hint = `SHOW ${viewNames.map((name) => name.toUpperCase()).join('|')}, PAUSE, RESUME, RECONNECT and KILL [database], RELOAD`;

/** Runs one command of the console. Names of databases fold to lower case unless they are quoted. */
export function command(text: string, controls: Controls): Outcome {
  const [, verb = '', word = ''] = form.exec(text) ?? [];
  const name = word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase();
  const { pools, now } = { pools: controls.host.pools, now: controls.host.now() };
  const scope: PoolScope = name === '' ? {} : { database: name };
  switch (verb.toLowerCase()) {
    case 'show':
      return showing(name, controls);
    case 'pause':
      pools.pause(scope, now);
      return { kind: 'done', tag: 'PAUSE', until: () => pools.isQuiet(scope) };
    case 'resume':
      pools.resume(scope, now);
      return { kind: 'done', tag: 'RESUME' };
    case 'kill':
      pools.kill(scope, now);
      return { kind: 'done', tag: 'KILL' };
    case 'reconnect':
      pools.reconnect(scope, now);
      return { kind: 'done', tag: 'RECONNECT' };
    case 'reload':
      return reloading(controls);
    case 'set':
      return { kind: 'done', tag: 'SET' }; // drivers set what they like at their start
    default:
      return { kind: 'error', sqlstate: '42601', message: 'unknown command of the console', hint };
  }
}

function showing(view: string, sight: Sight): Outcome {
  const table = show(view, sight);
  return table === undefined
    ? { kind: 'error', sqlstate: '42704', message: `there is no "${view}" to show`, hint }
    : { kind: 'table', table };
}

function reloading(controls: Controls): Outcome {
  try {
    controls.reload();
    return { kind: 'done', tag: 'RELOAD' };
  } catch (error) {
    return { kind: 'error', sqlstate: 'F0000', message: (error as Error).message };
  }
}
