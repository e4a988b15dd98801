/** The little of the wire that the load process needs (RFC 1350, 2347). */

export const DATA = 3
export const ACK = 4
export const ERROR = 5
export const OACK = 6
export const HEADER_BYTES = 4

/** A request in octet mode; none of RFC 1350's defaults is asked for. */
export function requestPacket(opcode: 1 | 2, file: string, blksize: number, windowsize: number): Buffer {
  const words = [file, 'octet']
  if (blksize !== 512) words.push('blksize', String(blksize))
  if (windowsize !== 1) words.push('windowsize', String(windowsize))
  return Buffer.concat([Buffer.from([0, opcode]), Buffer.from(`${words.join('\0')}\0`, 'latin1')])
}

/** What an OACK grants. */
export function granted(oack: Buffer): { blksize: number; windowsize: number } {
  const words = oack.subarray(2).toString('latin1').split('\0')
  const of = (name: string): number | undefined => {
    const at = words.findIndex((word, i) => i % 2 === 0 && word.toLowerCase() === name)
    return at < 0 ? undefined : Number(words[at + 1])
  }
  return { blksize: of('blksize') ?? 512, windowsize: of('windowsize') ?? 1 }
}

export function errorText(packet: Buffer): string {
  return `ERROR ${packet.readUInt16BE(2)} ${packet.toString('latin1', 4).replace(/[^ -~]/g, '')}`
}
