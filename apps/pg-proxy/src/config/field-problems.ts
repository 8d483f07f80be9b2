import { z } from 'zod';
import { didYouMean } from './did-you-mean.ts';
import { fieldOf, scopedFieldOf } from './pgbouncer/setting-fields.ts';
import { proxyConfig } from './proxy-config.ts';

type Path = readonly PropertyKey[];

/** The part of a JSON schema that lists the fields. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
}

/** What is wrong with single fields, each with its path: `pool.sise: there is no such field; did you mean size?` */
export function fieldProblems({ issues }: z.ZodError): readonly string[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [`${pathOf(issue.path)}: ${messageOf(issue)}`];
    const known = fieldsAt(issue.path);
    return issue.keys.map(
      (key) => `${pathOf([...issue.path, key])}: there is no such field${suggestionFor(key, known)}`,
    );
  });
}

/** In the notation that other problems use. */
const pathOf = (path: Path): string => (path.length === 0 ? 'the configuration' : path.map(String).join('.'));

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.message.endsWith('received undefined')) return 'is missing';
  return issue.message.replace(/^Invalid input: /, '').replace(/^[A-Z]/, (letter) => letter.toLowerCase());
}

function suggestionFor(key: string, known: readonly string[]): string {
  const narrow = scopedFieldOf(key);
  const field = known.find((name) => name === narrow) ?? fieldOf(key);
  return field === undefined ? didYouMean(key, known) : `; PgBouncer's ${key} is called ${field} here`;
}

function fieldsAt(path: Path): readonly string[] {
  let at: Schema | undefined = z.toJSONSchema(proxyConfig, { io: 'input' }) as Schema;
  for (const step of path)
    at = typeof step === 'number' ? at?.items : (at?.properties?.[String(step)] ?? at?.additionalProperties);
  return Object.keys(at?.properties ?? {});
}
