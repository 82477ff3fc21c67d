/** Fetching files, with progress, an upper limit, and an end to waiting. */

import { exception, messageOf } from "./errors.js";
import { readFile } from "./platform.js";

/** Milliseconds without a byte after which a download is given up. */
export const PATIENCE = 30_000;

/**
 * @typedef {object} FetchOptions
 * @property {string} what is fetched, for messages: `the list of models`
 * @property {number} limit most bytes accepted
 * @property {number} [patience] milliseconds without a byte after which it is given up
 * @property {RequestCache} [cache]
 * @property {AbortSignal} [signal]
 * @property {(received: number, bytes: Uint8Array, announced: number) => void} [onchunk] told how much has arrived, what has just
 *   arrived, and how much is to come in all, 0 if the server does not say
 */

/**
 * Fetches a file.
 * @param {string} address
 * @param {FetchOptions} options
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {DOMException} NetworkError if it cannot be fetched, DataError if it is longer than the limit, or the signal's reason
 */
export async function fetchBytes(address, { what, limit, patience = PATIENCE, cache = "default", signal, onchunk }) {
  const tooLong = () => exception("DataError", `${capital(what)} (${address}) is longer than the ${limit} bytes expected.`);
  signal?.throwIfAborted();
  const file = readFile(address);
  if (file) {
    const bytes = await file.catch((error) => {
      throw exception("NetworkError", `${capital(what)} cannot be read: ${messageOf(error)}`, error);
    });
    if (bytes.length > limit) throw tooLong();
    onchunk?.(bytes.length, bytes, bytes.length);
    return bytes;
  }

  const stop = new AbortController();
  const forward = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", forward);
  let timer = setTimeout(giveUp, patience);
  function giveUp() {
    stop.abort(exception("NetworkError", `${capital(what)} (${address}) cannot be fetched: no answer for ${patience / 1000} seconds.`));
  }
  try {
    const response = await fetch(address, { cache, signal: stop.signal });
    if (!response.ok) {
      void response.body?.cancel();
      throw exception("NetworkError", `${capital(what)} (${address}) cannot be fetched: the server answered ${response.status}.`);
    }
    const announced = Number(response.headers.get("content-length"));
    let bytes = new Uint8Array(Math.min(limit, announced > 0 ? announced : 1 << 16));
    let length = 0;
    const reader = response.body?.getReader();
    for (;;) {
      const chunk = await reader?.read();
      if (!chunk || chunk.done) break;
      clearTimeout(timer);
      timer = setTimeout(giveUp, patience);
      const end = length + chunk.value.length;
      if (end > limit) throw tooLong();
      if (end > bytes.length) {
        // The length announced is that of the compressed file, if it is compressed.
        const larger = new Uint8Array(Math.min(limit, Math.max(end, 2 * bytes.length)));
        larger.set(bytes.subarray(0, length));
        bytes = larger;
      }
      bytes.set(chunk.value, length);
      length = end;
      onchunk?.(length, chunk.value, response.headers.has("content-encoding") ? 0 : announced);
    }
    return length === bytes.length ? bytes : bytes.slice(0, length);
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason;
    if (error instanceof DOMException && error.name !== "AbortError") throw error;
    throw exception("NetworkError", `${capital(what)} (${address}) cannot be fetched: ${messageOf(error)}`, error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", forward);
    // Ends the connection if reading stopped early; does nothing after its end.
    stop.abort();
  }
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
