/**
 * Waits for a promise, but no longer than until a signal aborts.
 * @template T
 * @param {Promise<T>} promise
 * @param {...(AbortSignal | null | undefined)} signals
 * @returns {Promise<T>} rejects with the reason of the first signal that aborts
 */
export function until(promise, ...signals) {
  return new Promise((resolve, reject) => {
    const settle = () => signals.forEach((signal) => signal?.removeEventListener("abort", abort));
    const abort = () => {
      settle();
      reject(signals.find((signal) => signal?.aborted)?.reason);
    };
    for (const signal of signals) signal?.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(settle);
    if (signals.some((signal) => signal?.aborted)) abort();
  });
}
