import { chaincodeConfig } from '@medrex/chaincode';
import { analyzerConfig } from '@medrex/dependency-analyzer';
import { ingestVariables } from '@medrex/ingest';
import { ordererConfig } from '@medrex/orderer-dag';
import type { z } from 'zod';
import { markdownTable, page } from './markdown.ts';

const services: readonly (readonly [string, z.ZodObject])[] = [
  ['ingest', ingestVariables],
  ['dependency-analyzer', analyzerConfig],
  ['orderer-dag', ordererConfig],
  ['chaincode', chaincodeConfig],
];

/** docs/reference/configuration.md */
export function configurationReference(): string {
  const sections = services.map(
    ([service, schema]) => `## ${service}\n\n${markdownTable(['variable', 'default', 'description'], rowsOf(schema))}`,
  );
  return page(
    'Configuration',
    'The services read these environment variables once, at start, and report all problems together, by name. `medrex start` passes its own environment to every service.',
    "each service's config.ts",
    sections.join('\n\n'),
  );
}

function rowsOf(schema: z.ZodObject): readonly (readonly string[])[] {
  return Object.entries(schema.shape).map(([name, field]) => [
    `\`${name}\``,
    defaultOf(field as z.ZodType),
    (field as z.ZodType).description ?? '',
  ]);
}

/** The default of a variable, in the form of an assignment. */
function defaultOf(field: z.ZodType): string {
  const parsed = field.safeParse(undefined);
  if (!parsed.success) return 'required';
  const value = parsed.data;
  if (value === undefined) return '-';
  return `\`${Array.isArray(value) ? value.join(',') : JSON.stringify(value).replaceAll('"', '')}\``;
}
