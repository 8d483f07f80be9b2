/** Environment for logging at level warning, without colours. */
export const fabricLogging = {
  FABRIC_LOGGING_SPEC: 'warn',
  FABRIC_LOGGING_FORMAT: '%{time:2006-01-02 15:04:05.000 MST} %{level:.4s} [%{module}] %{shortfunc} -> %{message}',
} as const;
