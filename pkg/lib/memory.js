/**
 * Gives back the memory of a buffer that nobody reads any more: the next collection of garbage may be far. Not every browser has this.
 * @param {ArrayBuffer | Uint8Array<ArrayBuffer>} bytes a view of a part of a buffer is left alone
 */
export function discard(bytes) {
  const buffer = bytes instanceof Uint8Array ? bytes.buffer : bytes;
  if (buffer.byteLength === bytes.byteLength) /** @type {{ transfer?(bytes: number): ArrayBuffer }} */ (buffer).transfer?.(0);
}
