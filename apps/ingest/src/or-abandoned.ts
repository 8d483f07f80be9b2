/** Resolves or rejects with the work, unless `signal` aborts first. @throws the reason of the signal */
export async function orAbandoned<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: abandoned, reject } = Promise.withResolvers<never>();
  const abandon = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abandon, { once: true });
  if (signal.aborted) abandon();
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}
