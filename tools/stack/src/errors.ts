import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** What can go wrong while the stack is brought up or down. */
export const stackErrors = {
  missing: {
    code: 'STACK_PROGRAM_MISSING',
    retryable: false,
    meaning: 'A program that a part of the stack consists of is not on this machine.',
    remedy: 'Install it as the message says, or leave that part out with --only.',
  },
  portBusy: {
    code: 'STACK_PORT_BUSY',
    retryable: true,
    meaning: 'Another program listens on a port of the stack.',
    remedy: 'Stop that program, or move the whole stack with --offset.',
  },
  notReady: {
    code: 'STACK_NOT_READY',
    retryable: true,
    meaning: 'A part was started and ended, or did not answer in time.',
    remedy: 'Read the end of its log: npm run stack -- logs <part>.',
  },
  settings: {
    code: 'STACK_SETTINGS_DIFFER',
    retryable: false,
    meaning: 'The stack has data that were made with other settings than asked for now.',
    remedy: 'Remove them first: npm run stack -- down --clean.',
  },
  busy: {
    code: 'STACK_BUSY',
    retryable: true,
    meaning: 'Another command is bringing this stack up or down.',
    remedy: 'Wait for it, or use another folder with --dir and --offset.',
  },
  failed: {
    code: 'STACK_COMMAND_FAILED',
    retryable: false,
    meaning: 'A program that prepares a part (a download, a key maker, a channel join) ended with an error.',
    remedy: 'The message carries what the program said.',
  },
  usage: {
    code: 'STACK_USAGE',
    retryable: false,
    meaning: 'An option has a value that the stack does not know.',
    remedy: 'See npm run stack -- --help.',
  },
} as const satisfies Record<string, ErrorDescription>;

export const stackError = (kind: keyof typeof stackErrors, message: string, cause?: unknown): CodedError =>
  new CodedError(stackErrors[kind], message, cause === undefined ? undefined : { cause });
