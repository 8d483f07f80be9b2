import { proxyConfig } from '@medrex/pg-proxy';
import { z } from 'zod';
import { markdownTable, page } from './markdown.ts';

/** The parts of a JSON schema that are used here. */
interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
}

/** docs/reference/pg-proxy.md */
export function pgProxyReference(): string {
  const schema = z.toJSONSchema(proxyConfig, { io: 'input' }) as Schema;
  return page(
    'pg-proxy',
    'The configuration file of `medrex pg-proxy --config FILE` is JSON; files named in it are relative to it. `--check-config` reports all problems together. SIGHUP reads it again without dropping anybody, and names the changes that need a restart; `SHOW CONFIG` says of each field whether it needs one (`changeable`).',
    "pg-proxy's config",
    markdownTable(['field', 'default', 'description'], rowsOf(schema, '')),
  );
}

function rowsOf(schema: Schema, path: string): readonly (readonly string[])[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const own =
      field.description === undefined ? [] : [[`\`${at}\``, defaultOf(schema, name, field), meaningOf(field)]];
    const { additionalProperties: each } = field;
    const inList = field.items === undefined ? [] : rowsOf(field.items, `${at}[]`);
    return [...own, ...rowsOf(field, at), ...inList, ...(typeof each === 'object' ? rowsOf(each, `${at}.<name>`) : [])];
  });
}

function defaultOf(schema: Schema, name: string, field: Schema): string {
  if (field.default !== undefined && field.properties === undefined) return `\`${JSON.stringify(field.default)}\``;
  return schema.required?.includes(name) === true ? 'required' : '-';
}

function meaningOf({ description = '', enum: values }: Schema): string {
  return values === undefined
    ? description
    : `${values.map((value) => `\`${String(value)}\``).join(', ')}. ${description}`;
}
