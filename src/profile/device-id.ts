/**
 * By what a device is known again: its MAC address where the neighbour table has it, else its network address, and in both cases the
 * shape of its request. Boards that boot one after the other from the same address are told apart by their MAC; a PXE ROM and
 * the system that it loads share one, and are two clients with two behaviours.
 */
import type { Request } from '../packet/index.ts'

export function deviceId(address: string, mac: string | undefined, request: Request): string {
  // Joined, so that it lies in one piece: a transfer keeps it.
  return [mac ?? address, fingerprint(request)].join(' ')
}

/** Whether `name` is the MAC or network address that `device` begins with, or all of it. */
export function isNamed(device: string, name: string): boolean {
  const given = name.trim()
  const [first = ''] = device.split(' ', 1)
  return device === given || first === given || first === given.toLowerCase().replaceAll('-', ':')
}

/**
 * The options with their order and values, which bootloaders differ in; not the file's name, which changes from image to
 * image, and not the size, which is the file's.
 */
export function fingerprint(request: Request): string {
  const options = request.options.map(({ name, value }) => (name === 'tsize' ? name : `${name}=${value}`))
  return `${request.opcode} ${request.mode} ${options.join(' ')}`
}
