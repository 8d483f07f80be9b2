import type { CodedError } from '@medrex/coded-error';
import { RingSockets } from '@medrex/linux';
import type { ProxyConfig } from './config/proxy-config.ts';
import { pgProxyError } from './errors.ts';

/** What the log hears of it. */
export interface RingEvents {
  /** The kernel is too old, or does not let this process have a ring, as most runtimes of containers. */
  hasNone(error: CodedError): void;
  /** It no longer works: connections are read and written by the event loop. */
  failed(error: CodedError): void;
}

/** By which connections without TLS are read and written; undefined: by the event loop. */
export function openRing({ ioUring }: Pick<ProxyConfig, 'ioUring'>, events: RingEvents): RingSockets | undefined {
  if (!ioUring) return undefined;
  const why = (cause: unknown): CodedError =>
    pgProxyError('PG_PROXY_IO_URING', (cause as Error).message.split('\n', 1)[0] ?? '', { cause });
  try {
    return RingSockets.open((error) => events.failed(why(error)));
  } catch (error) {
    events.hasNone(why(error));
    return undefined;
  }
}
