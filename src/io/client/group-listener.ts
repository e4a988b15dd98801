/** A client's ear for a group: blocks that a server sends to several clients at once (RFC 2090). IPv4. */
import type { Socket } from 'node:dgram'
import { ForesendError } from '../../error.ts'
import type { GroupAddress } from '../../transfer/multicast/group-option.ts'
import { errnoOf } from '../bind-error.ts'
import { createGroupSocket } from '../dgram/core.ts'

export interface GroupListenerOptions {
  readonly group: GroupAddress
  /** The server's address: what others send to the group is passed over. */
  readonly server: string
  /** The local address of the network that the server is on; the system chooses without it. */
  readonly local: string | undefined
}

/** Blocks that arrive while this process does something else. */
const RECEIVE_BYTES = 4 * 1024 * 1024

export class GroupListener {
  readonly #socket: Socket
  #open = true

  /** Listens when it returns. `received` gets a datagram and the port that it came from. Throws ERR_TFTP_BIND. */
  constructor({ group, server, local }: GroupListenerOptions, received: (data: Uint8Array, port: number) => void) {
    this.#socket = createGroupSocket()
    let failure: unknown
    this.#socket.on('error', (error) => (failure ??= error))
    this.#socket.on('message', (data, from) => {
      if (this.#open && from.address === server) received(data, from.port)
    })
    try {
      // Only what is for the group; Windows binds to no group address.
      const address = process.platform === 'win32' ? '0.0.0.0' : group.address
      this.#socket.bind({ address, port: group.port, exclusive: false })
      if (failure === undefined) this.#socket.addMembership(group.address, local)
    } catch (error) {
      failure ??= error
    }
    if (failure !== undefined) {
      this.close()
      throw joinError(group, failure)
    }
    try {
      this.#socket.setRecvBufferSize(RECEIVE_BYTES)
    } catch {
      // What finds no room is asked for again.
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#socket.close()
  }
}

function joinError({ address, port }: GroupAddress, cause: unknown): ForesendError {
  const message = `cannot listen to the group ${address} port ${port}: ${errnoOf(cause)}; check the route to multicast addresses, or fetch it without --multicast`
  return new ForesendError('ERR_TFTP_BIND', message, { fault: 'local', cause })
}
