/** `10.0.0.1:69`, `[fe80::1%eth0]:69`: how an address and a port are written everywhere. */
export function addressPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
