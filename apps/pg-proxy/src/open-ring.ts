import type { CodedError } from '@medrex/coded-error';
import { RingSockets } from '@medrex/linux';
import type { ProxyConfig } from './config/proxy-config.ts';
import { pgProxyError } from './errors.ts';

/** Events for the log. */
export interface RingEvents {
  /** The kernel is too old, or does not allow this process a ring, as in most container runtimes. */
  unavailable(error: CodedError): void;
  /** The ring has stopped working: from now on the event loop reads and writes connections. */
  failed(error: CodedError): void;
}

/** Opens the io_uring for connections without TLS; undefined: the event loop reads and writes them. */
export function openRing({ ioUring }: Pick<ProxyConfig, 'ioUring'>, events: RingEvents): RingSockets | undefined {
  if (!ioUring) return undefined;
  const errorOf = (cause: unknown): CodedError =>
    pgProxyError('PG_PROXY_IO_URING', (cause as Error).message.split('\n', 1)[0] ?? '', { cause });
  try {
    return RingSockets.open((error) => events.failed(errorOf(error)));
  } catch (error) {
    events.unavailable(errorOf(error));
    return undefined;
  }
}
