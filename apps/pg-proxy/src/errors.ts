import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** Every error that pg-proxy throws or logs by code. The error reference is generated from this. */
export const pgProxyErrors = {
  PG_PROXY_CONFIG: {
    code: 'PG_PROXY_CONFIG',
    retryable: false,
    meaning: 'The configuration file of pg-proxy, or a file that it names, cannot be used.',
    remedy: 'Correct what the message names; the same command with `--check-config` checks the result.',
  },
  PG_PROXY_LISTEN: {
    code: 'PG_PROXY_LISTEN',
    retryable: true,
    meaning: 'pg-proxy cannot listen on its address.',
    remedy:
      'Stop whatever listens there, or change `listen`, `metrics` or `instance.own` in the configuration; their addresses and folders must exist on this host, and a port below 1,024 needs CAP_NET_BIND_SERVICE.',
  },
  PG_PROXY_AUTH_QUERY: {
    code: 'PG_PROXY_AUTH_QUERY',
    retryable: true,
    meaning: 'The secret of a user could not be looked up at the upstream; the login was refused.',
    remedy:
      'Check the upstream, `auth.query.user` and its password, and whether that user may run `auth.query.sql` there; the query must return one row of name and secret.',
  },
  PG_PROXY_UPSTREAM: {
    code: 'PG_PROXY_UPSTREAM',
    retryable: true,
    meaning: 'A backend could not be opened: the upstream is not reachable, or refuses the login.',
    remedy: 'Check the upstream and its credentials in the configuration; the proxy tries again by itself.',
  },
  PG_PROXY_AUDIT: {
    code: 'PG_PROXY_AUDIT',
    retryable: true,
    meaning:
      'The audit log cannot be written; meanwhile, statements are refused or run unrecorded, as audit.whenFull says.',
    remedy:
      'Free disk space, make its folder writable, or give each instance its own audit.file; a running proxy tries again every second.',
  },
  PG_PROXY_AUDIT_BROKEN: {
    code: 'PG_PROXY_AUDIT_BROKEN',
    retryable: false,
    meaning:
      'The audit log does not end where the proxy left it: somebody has truncated it or changed its head, or a disk has lost confirmed writes.',
    remedy: '`medrex audit verify FILE` says where; keep the files as they are and find out who had access to them.',
  },
  PG_PROXY_STATISTICS: {
    code: 'PG_PROXY_STATISTICS',
    retryable: true,
    meaning: 'Hours and slow statements could not be written to `statistics.folder`, or read from it.',
    remedy:
      'Free disk space, or let the proxy read and write the folder; what has not been written is lost when the process ends.',
  },
  PG_PROXY_IO_URING: {
    code: 'PG_PROXY_IO_URING',
    retryable: false,
    meaning:
      'Connections are read and written by epoll: io_uring is not available to this process, or has stopped working.',
    remedy:
      'None is needed. Errno 1 and 38: the container runtime or `kernel.io_uring_disabled` forbids it, or the kernel lacks it; 22: the kernel is older than 6.1. Allow it by a seccomp profile, or set `ioUring` to false.',
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
