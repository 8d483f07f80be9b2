import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** Errors of the stack commands. */
export const stackErrors = {
  missing: {
    code: 'STACK_PROGRAM_MISSING',
    retryable: false,
    meaning: 'A program of a part of the stack is not installed.',
    remedy: 'Install it as described in the message, or omit the part with --only.',
  },
  portBusy: {
    code: 'STACK_PORT_BUSY',
    retryable: true,
    meaning: 'Another program listens on a port of the stack.',
    remedy: 'Stop that program, or move all ports of the stack with --offset.',
  },
  notReady: {
    code: 'STACK_NOT_READY',
    retryable: true,
    meaning: 'A part ended during its start, or did not answer in time.',
    remedy: 'Read the end of its log: npm run stack -- logs <part>.',
  },
  settings: {
    code: 'STACK_SETTINGS_DIFFER',
    retryable: false,
    meaning: 'The data of the stack were created with other settings than requested now.',
    remedy: 'Remove them first: npm run stack -- down --clean.',
  },
  busy: {
    code: 'STACK_BUSY',
    retryable: true,
    meaning: 'Another command is starting or stopping this stack.',
    remedy: 'Wait for it, or use another folder with --dir and --offset.',
  },
  failed: {
    code: 'STACK_COMMAND_FAILED',
    retryable: false,
    meaning: 'A program that prepares a part (download, key generation, channel join) failed.',
    remedy: 'See the output of the program in the message.',
  },
  usage: {
    code: 'STACK_USAGE',
    retryable: false,
    meaning: 'An option has an invalid value.',
    remedy: 'See npm run stack -- --help.',
  },
} as const satisfies Record<string, ErrorDescription>;

export const stackError = (kind: keyof typeof stackErrors, message: string, cause?: unknown): CodedError =>
  new CodedError(stackErrors[kind], message, cause === undefined ? undefined : { cause });
