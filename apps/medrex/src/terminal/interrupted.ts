/**
 * A signal aborted by the first Ctrl-C (or SIGTERM), after which work in progress is finished. A second Ctrl-C ends the process at once.
 */
export function interrupted(): AbortSignal {
  const controller = new AbortController();
  let isFirst = true;
  const onSignal = () => {
    if (!isFirst) process.exit(130);
    isFirst = false;
    controller.abort();
    process.stderr.write('\nStopping after the work in progress. Press Ctrl-C again to stop at once.\n');
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}
