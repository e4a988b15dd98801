/** The maker of a network card by its MAC address: the first three bytes are assigned by the IEEE. */

export interface Vendor {
  readonly name: string
  /** `b8:27:eb`, in lower case. */
  readonly prefixes: readonly string[]
}

/** Of a multicast address, or of one that a program made up: those have no maker. */
const NOT_ASSIGNED = /^.[2367abef]|^.[13579bdf]/

/** `mac` as `02:00:00:00:00:01` or with dashes, any case. Undefined for a maker that the table does not have. */
export function vendorOf(mac: string, vendors: readonly Vendor[]): string | undefined {
  const prefix = mac.toLowerCase().replaceAll('-', ':').slice(0, 8)
  const made = vendors.find(({ prefixes }) => prefixes.includes(prefix))
  // A hypervisor's prefix is in the table although no card has it: 52:54:00 is QEMU's.
  return made?.name
}

/** True for an address that was not assigned to a card: random for privacy, virtual, or multicast. */
export function isMadeUp(mac: string): boolean {
  return NOT_ASSIGNED.test(mac.toLowerCase())
}
