import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'medrex-stack');

/** Folder of the broker's jars (with the Java client) in the cache of the stack tool; undefined when it never started a broker, or without Java. */
export const kafkaJars = isThere('java', '-version') ? globSync(join(cache, 'kafka-*')).at(-1) : undefined;

/** Whether a program can be started. */
export function isThere(program: string, argument: string): boolean {
  return spawnSync(program, [argument], { stdio: 'ignore' }).error === undefined;
}
