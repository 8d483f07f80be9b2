import { CodedError } from '@medrex/coded-error';
import { ingestConfig, type IngestConfig } from './config.ts';
import { configInvalid } from './errors.ts';

/** Parses the environment. @throws CodedError CONFIG_INVALID, naming every invalid variable without its value */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): IngestConfig {
  const parsed = ingestConfig.safeParse(environment);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new CodedError(configInvalid, wrong.join('; '));
}
