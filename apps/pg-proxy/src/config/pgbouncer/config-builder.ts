import { resolve } from 'node:path';
import type { IniEntry } from './ini-file.ts';

/** Collects the configuration while the sections of a pgbouncer.ini are read one after the other. */
export class ConfigBuilder {
  readonly config: Record<string, unknown> = {};
  readonly secrets: Record<string, string> = {};
  readonly notes: string[] = [];
  readonly problems: string[] = [];
  readonly general: ReadonlyMap<string, IniEntry>;
  readonly read: (file: string) => string;

  constructor(general: ReadonlyMap<string, IniEntry>, read: (file: string) => string) {
    this.general = general;
    this.read = read;
  }

  value(name: string): string | undefined {
    const value = this.general.get(name)?.value;
    return value === '' ? undefined : value;
  }

  /** The path of a file that a setting names. */
  file(name: string): string | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : resolve(value);
  }

  note(name: string, why: string): void {
    this.notes.push(this.at(name, why));
  }

  problem(name: string, why: string): void {
    this.problems.push(this.at(name, why));
  }

  /** Text about a setting, prefixed by its place. */
  at(name: string, words: string): string {
    return `${this.general.get(name)?.place ?? '[pgbouncer]'}: ${name}: ${words}`;
  }

  /** Sets a field of the configuration by its path. */
  set(path: string, value: unknown): void {
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    let at = this.config;
    for (const step of steps) at = (at[step] ??= {}) as Record<string, unknown>;
    at[last] = value;
  }

  /** @returns where the configuration finds the secret */
  secret(what: string, text: string): { readonly env: string } {
    const env = `pgbouncer.ini ${what}`;
    this.secrets[env] = text;
    return { env };
  }
}
