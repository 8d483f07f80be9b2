import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncApi } from '@medrex/contracts';
import { cliReference } from './cli-reference.ts';
import { configurationReference } from './configuration-reference.ts';
import { errorReference } from './error-reference.ts';
import { withFigures } from './figures.ts';
import { headlineTables } from './headlines.ts';
import { ingestDocument } from './http-reference.ts';
import { keyReference } from './key-reference.ts';
import { metricReference } from './metric-reference.ts';
import { pgProxyReference } from './pg-proxy-reference.ts';
import { topicReference } from './topic-reference.ts';

const version = '0.1.0';
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** All generated documents: text by path from the root. */
export async function documents(root: string): Promise<Readonly<Record<string, string>>> {
  const reference = (name: string) => `docs/reference/${name}`;
  const document = (name: string) => readFileSync(join(root, name), 'utf8');
  const history = join(root, 'bench', 'history');
  return {
    'README.md': withFigures(document('README.md'), history, headlineTables),
    'docs/performance.md': withFigures(document('docs/performance.md'), history),
    [reference('asyncapi.json')]: json(asyncApi({ version })),
    [reference('cli.md')]: cliReference(),
    [reference('configuration.md')]: configurationReference(),
    [reference('errors.md')]: errorReference(),
    [reference('keys.md')]: keyReference(),
    [reference('metrics.md')]: metricReference(),
    [reference('openapi.json')]: json(ingestDocument(version)),
    [reference('pg-proxy.md')]: pgProxyReference(),
    [reference('topics.md')]: topicReference(),
  };
}
