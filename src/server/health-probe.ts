/** The datagram by which a server tries whether it answers: as a request is, up to the endpoint. */

/** Opcode 9 is no packet of TFTP (RFC 1350, RFC 2347): an endpoint answers it with ERROR 4. */
export const HEALTH_PROBE: Uint8Array = Uint8Array.of(0, 9, 0, 0)

export function isHealthProbe(buffer: Uint8Array, offset: number, length: number): boolean {
  return length === HEALTH_PROBE.length && HEALTH_PROBE.every((byte, i) => buffer[offset + i] === byte)
}
