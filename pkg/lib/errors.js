/**
 * An exception of a kind that callers can tell apart by name.
 * @param {"AbortError" | "DataError" | "NetworkError" | "NotSupportedError" | "OperationError" | "QuotaExceededError"} name
 * @param {string} message in words a user understands
 * @param {unknown} [cause]
 */
export function exception(name, message, cause) {
  const error = new DOMException(message, name);
  if (cause !== undefined) Object.defineProperty(error, "cause", { value: cause, configurable: true, writable: true });
  return error;
}

/**
 * What an error of unknown type says.
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof Error || error instanceof DOMException ? error.message : String(error);
}
