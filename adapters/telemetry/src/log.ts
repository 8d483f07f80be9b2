import { pino, type Logger } from 'pino';
import { allowedFields, type DropReason, type Fields } from './allowed-fields.ts';
import type { Constant } from './constant.ts';
import { loggableError } from './loggable-error.ts';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields of a line, and the error that it is about. */
export type LogFields = Fields & { readonly error?: unknown };

/** A line is a constant sentence and fields of the allow-list. `error` = someone should act; `warn` = degraded; `info` = lifecycle; `debug` = the rest. */
export type LogLine = <const M extends string>(fields: LogFields, sentence: M & Constant<M>) => void;

/** Structured log, one JSON object a line. */
export interface Log {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  /** The same log with fields that every line carries. */
  child(fields: Fields): Log;
}

export interface LogOptions {
  readonly service: string;
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly onLine: (level: LogLevel) => void;
  readonly onDrop: (reason: DropReason) => void;
}

export function createLog(options: LogOptions): Log {
  const logger = pino(
    {
      level: options.level,
      base: { service: options.service },
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    { write: options.write },
  );
  return wrap(logger, options);
}

function wrap(logger: Logger, options: LogOptions): Log {
  const line =
    (level: LogLevel): LogLine =>
    (fields, sentence) => {
      options.onLine(level);
      if (!logger.isLevelEnabled(level)) return;
      const { error, ...others } = fields;
      const allowed = allowedFields(others, options.onDrop);
      logger[level](error === undefined ? allowed : { ...allowed, error: loggableError(error) }, sentence);
    };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => wrap(logger.child(allowedFields(fields, options.onDrop)), options),
  };
}
