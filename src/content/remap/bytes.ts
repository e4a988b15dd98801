/** Names as text and as the bytes that rules see, one character for each. */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function toBytes(name: string): string {
  // Most names: nothing to do.
  return /[^\0-\x7f]/.test(name) ? Buffer.from(name, 'utf8').toString('latin1') : name
}

/** What is no UTF-8 stays as it is, as in a request. */
export function fromBytes(bytes: string): string {
  if (!/[^\0-\x7f]/.test(bytes)) return bytes
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return bytes
  }
}
