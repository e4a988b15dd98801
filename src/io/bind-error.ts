/** Why a socket could not be had, in words that end with what to do. */
import { ForesendError } from '../error.ts'
import { addAddressLine } from './interfaces.ts'
import type { PortRange } from './port-range.ts'

/** ERR_TFTP_BIND for a listening socket. `cause.code` keeps the system's name of the fault (EACCES, EADDRINUSE, …). */
export function bindError(address: string, port: number, cause: unknown): ForesendError {
  return new ForesendError('ERR_TFTP_BIND', bindMessage(address, port, errnoOf(cause), cause), {
    fault: 'local',
    cause,
  })
}

/** ERR_TFTP_BIND for a socket that was handed in. */
export function adoptError(fd: number, cause: unknown): ForesendError {
  const message = `cannot take over descriptor ${fd}: ${messageOf(cause)}; whatever starts this program must hand it a UDP socket`
  return new ForesendError('ERR_TFTP_BIND', message, { fault: 'local', cause })
}

/** ERR_TFTP_BIND for a transfer's own port. `ports`: those that it may be one of. */
export function tidError(peer: string, cause: unknown, ports?: PortRange): ForesendError {
  const code = errnoOf(cause)
  if (ports !== undefined && code === 'EADDRINUSE') {
    const message = `cannot open a port for the transfer with ${peer}: all ports from ${ports.first} to ${ports.last} are taken; widen --port-range`
    return new ForesendError('ERR_TFTP_BIND', message, { fault: 'local', cause })
  }
  const why =
    code === 'EMFILE' || code === 'ENFILE'
      ? 'no file descriptor is left; raise the limit with ulimit -n or serve fewer clients at once'
      : `${messageOf(cause)}; check the route and the firewall of this machine`
  return new ForesendError('ERR_TFTP_BIND', `cannot open a port for the transfer with ${peer}: ${why}`, {
    fault: 'local',
    cause,
  })
}

/** The system's name for a fault, such as 'EACCES'; '' when it has none. */
export function errnoOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}

function bindMessage(address: string, port: number, code: string, cause: unknown): string {
  const where = `cannot listen on ${address.includes(':') ? `[${address}]` : address}:${port}`
  switch (code) {
    case 'EADDRINUSE':
      return `${where}: another program has this port; find it with 'sudo ss -lunp sport = :${port}' and stop it, or take another with --port`
    case 'EACCES':
    case 'EPERM':
      return `${where}: ports below 1024 need permission; run it with sudo, or once 'sudo setcap cap_net_bind_service=+ep ${process.execPath}', or take another with --port 6969`
    case 'EADDRNOTAVAIL':
      return `${where}: no network interface has this address; give it to one with '${addAddressLine(address)}', or leave --host out to listen on all`
    case 'EMFILE':
    case 'ENFILE':
      return `${where}: no file descriptor is left; raise the limit with ulimit -n`
    default:
      return `${where}: ${messageOf(cause)}; check the address and the network interface`
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
