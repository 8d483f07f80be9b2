import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** Every error that pg-proxy throws or logs by code. The error reference is generated from this. */
export const pgProxyErrors = {
  PG_PROXY_CONFIG: {
    code: 'PG_PROXY_CONFIG',
    retryable: false,
    meaning: 'The configuration file of pg-proxy, or a file that it names, cannot be used.',
    remedy: 'Correct what the message names; `--check-config` behind the same command says whether all is well.',
  },
  PG_PROXY_LISTEN: {
    code: 'PG_PROXY_LISTEN',
    retryable: true,
    meaning: 'pg-proxy cannot listen on its address.',
    remedy:
      'Stop what listens there, or change `listen`, `metrics` or `instance.own` in the configuration; their addresses and folders must be of this host, and a port below 1,024 needs CAP_NET_BIND_SERVICE.',
  },
  PG_PROXY_AUTH_QUERY: {
    code: 'PG_PROXY_AUTH_QUERY',
    retryable: true,
    meaning: 'The upstream could not be asked for the secret of a user; who wanted to log in was sent away.',
    remedy:
      'Look at the upstream, at `auth.query.user` and his password, and whether he may run `auth.query.sql` there; it must answer with one row of name and secret.',
  },
  PG_PROXY_UPSTREAM: {
    code: 'PG_PROXY_UPSTREAM',
    retryable: true,
    meaning: 'A backend could not be opened: the upstream is not reachable, or refuses the login.',
    remedy:
      'Look at the upstream and at the credentials that the configuration has for it; it is tried again by itself.',
  },
  PG_PROXY_AUDIT: {
    code: 'PG_PROXY_AUDIT',
    retryable: true,
    meaning:
      'The audit log cannot be written; statements are refused meanwhile, or run unrecorded, as audit.whenFull says.',
    remedy:
      'Make room on the disk, make its folder writable, or give each instance an audit.file of its own; a proxy that runs tries again every second.',
  },
  PG_PROXY_AUDIT_BROKEN: {
    code: 'PG_PROXY_AUDIT_BROKEN',
    retryable: false,
    meaning:
      'The audit log does not end where the proxy left it: somebody has cut it or changed its head, or a disk has lost what it had confirmed.',
    remedy: '`medrex audit verify FILE` says where; keep the files as they are and find out who had access to them.',
  },
  PG_PROXY_STATISTICS: {
    code: 'PG_PROXY_STATISTICS',
    retryable: true,
    meaning: 'Hours and slow statements could not be written to `statistics.folder`, or what is there not be read.',
    remedy:
      'Make room on the disk, or let the proxy read and write the folder; what has not been written is lost with the process.',
  },
  PG_PROXY_IO_URING: {
    code: 'PG_PROXY_IO_URING',
    retryable: false,
    meaning: 'Connections are read and written by epoll: there is no io_uring for this process, or it no longer works.',
    remedy:
      'None is needed. Errno 1 and 38: the runtime or `kernel.io_uring_disabled` forbid it, or the kernel has none; 22: it is older than 6.1. Allow it by a profile of seccomp, or say `ioUring: false`.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** Creates an error of pg-proxy by its code. @param message what happened to what; without secrets and without SQL */
export function pgProxyError(
  code: keyof typeof pgProxyErrors,
  message: string,
  options?: { readonly cause?: unknown },
): CodedError {
  return new CodedError(pgProxyErrors[code], message, options);
}
