import { isAbsolute, join } from 'node:path';
import type { Telemetry } from '@medrex/telemetry';
import type { LoadedConfig } from '../config/load-config.ts';
import { pgProxyError } from '../errors.ts';
import { AuditLog } from './audit-log.ts';

/** Opens the audit log of a configuration; undefined: there is none. @throws CodedError PG_PROXY_AUDIT */
export async function openAudit(
  { config, auditKey }: LoadedConfig,
  folder: string,
  { log }: Pick<Telemetry, 'log'>,
): Promise<AuditLog | undefined> {
  const { audit } = config;
  if (audit === undefined) return undefined;
  const file = isAbsolute(audit.file) ? audit.file : join(folder, audit.file);
  const { segmentBytes, flushMs, bufferBytes, whenFull } = audit;
  try {
    return await AuditLog.open({
      file,
      key: auditKey?.reveal(),
      segmentBytes,
      flushMs,
      bufferMax: bufferBytes,
      whenFull,
      events: {
        failing: (cause) => {
          const error = pgProxyError('PG_PROXY_AUDIT', 'the audit log cannot be written', { cause });
          log.error({ error, mode: whenFull }, 'the audit log cannot be written');
        },
        recovered: (dropped) => log.warn({ dropped }, 'the audit log can be written again'),
        tampered: (what) => {
          const error = pgProxyError('PG_PROXY_AUDIT_BROKEN', what);
          log.error({ error }, 'the audit log does not end where the proxy left it');
        },
      },
    });
  } catch (cause) {
    throw pgProxyError('PG_PROXY_AUDIT', `${file} cannot be written: ${(cause as Error).message}`, { cause });
  }
}
