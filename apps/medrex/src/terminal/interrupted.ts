/**
 * A signal that is raised by the first Ctrl-C (or SIGTERM): what runs finishes what it has begun. A second one ends the process
 * at once, as people expect who press it twice.
 */
export function interrupted(): AbortSignal {
  const controller = new AbortController();
  let isFirst = true;
  const onSignal = () => {
    if (!isFirst) process.exit(130);
    isFirst = false;
    controller.abort();
    process.stderr.write('\nStopping; what is under way is finished first. Ctrl-C again ends at once.\n');
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}
