/** A wildcard address as one listening socket for each address of this machine, followed as addresses come and go. */
import type { Bound } from '../driver.ts'
import { errnoOf } from '../bind-error.ts'
import { Listener } from './listener.ts'
import type { ListenerOwner } from './listener.ts'
import { broadcastOf } from '../interfaces.ts'
import type { LocalAddress } from '../interfaces.ts'

/**
 * A device's bootloader may ask once, seconds after its link came up. A card without link loses its addresses in the
 * list of interfaces; sockets bound to them stay good, so they are kept this long for when the link is back.
 */
const KEEP_GONE_MS = 600_000
/** Tries to find a port that is free on every address, when any will do. */
const PORT_TRIES = 5
const LIMITED_BROADCAST = '255.255.255.255'

export interface WildcardOwner<Owner> extends ListenerOwner<Owner> {
  locals(): readonly LocalAddress[]
  opened(listener: Listener<Owner>): void
  closed(listener: Listener<Owner>): void
}

export class Wildcard<Owner> implements Bound {
  readonly address: string
  port: number
  readonly #owner: WildcardOwner<Owner>
  readonly #family: 4 | 6
  readonly #listeners = new Map<string, Listener<Owner>>()
  readonly #goneSince = new Map<string, number>()
  /** Addresses that could not be bound and were reported; tried again with each scan. */
  readonly #refused = new Set<string>()
  #open = true

  /** Rejects with the system's error when addresses are there and none of them could be bound. */
  static async open<Owner>(owner: WildcardOwner<Owner>, address: string, port: number): Promise<Wildcard<Owner>> {
    for (let tries = 1; ; tries++) {
      const wildcard = new Wildcard(owner, address, port)
      const refused = await wildcard.#bindNew()
      const first = refused.values().next().value
      const clash = port === 0 && first !== undefined && errnoOf(first) === 'EADDRINUSE' && tries < PORT_TRIES
      // A machine whose only card has no link yet may have no address; a fixed port can wait for one.
      const waits = refused.size === 0 && port !== 0
      if (!clash && (wildcard.#listeners.size > 0 || waits)) {
        for (const [refusedAddress, cause] of refused) wildcard.#report(refusedAddress, cause)
        return wildcard
      }
      wildcard.close()
      if (!clash) throw first ?? Object.assign(new Error('this machine has no such address'), { code: 'EAFNOSUPPORT' })
    }
  }

  private constructor(owner: WildcardOwner<Owner>, address: string, port: number) {
    this.#owner = owner
    this.address = address
    this.port = port
    this.#family = address.includes(':') ? 6 : 4
  }

  addresses(): string[] {
    const locals = this.#owner.locals()
    return [...this.#listeners.keys()].filter((address) => locals.some((local) => local.address === address))
  }

  /** Bind what is new, let go of what has been gone for long. */
  async rescan(): Promise<void> {
    if (!this.#open) return
    this.#dropGone(this.#owner.core.now())
    for (const [address, cause] of await this.#bindNew()) this.#report(address, cause)
  }

  /** A broken socket is dropped; the next scan binds its address again. */
  drop(listener: Listener<Owner>): boolean {
    if (this.#listeners.get(listener.address) !== listener) return false
    this.#close(listener)
    return true
  }

  close(): void {
    this.#open = false
    for (const listener of this.#listeners.values()) this.#close(listener)
  }

  /** The addresses that could not be bound, with the reason. */
  async #bindNew(): Promise<Map<string, Error>> {
    const refused = new Map<string, Error>()
    for (const local of this.#owner.locals()) {
      if (local.family !== this.#family) continue
      await this.#bind(local.address, false, refused)
      const broadcast = broadcastOf(local)
      if (broadcast !== undefined) await this.#bind(broadcast, true, undefined)
    }
    // No socket above receives what is sent to 255.255.255.255. A system that refuses the address serves without it.
    if (this.#family === 4 && this.#listeners.size > 0) await this.#bind(LIMITED_BROADCAST, true, undefined)
    return refused
  }

  async #bind(address: string, broadcast: boolean, refused: Map<string, Error> | undefined): Promise<void> {
    if (!this.#open || this.#listeners.has(address)) return
    try {
      const listener = await Listener.open(this.#owner, address, this.port, broadcast)
      if (!this.#open || this.#listeners.has(address)) return listener.close()
      this.#listeners.set(address, listener)
      this.#refused.delete(address)
      this.port = listener.port
      this.#owner.opened(listener)
    } catch (error) {
      refused?.set(address, error as Error)
    }
  }

  #dropGone(now: number): void {
    const present = new Set<string>([LIMITED_BROADCAST])
    for (const local of this.#owner.locals()) present.add(local.address).add(broadcastOf(local) ?? '')
    for (const [address, listener] of this.#listeners) {
      if (present.has(address)) {
        this.#goneSince.delete(address)
      } else if (!this.#goneSince.has(address)) {
        this.#goneSince.set(address, now)
      } else if (now - (this.#goneSince.get(address) ?? now) > KEEP_GONE_MS) {
        this.#goneSince.delete(address)
        this.#close(listener)
      }
    }
  }

  #report(address: string, cause: Error): void {
    // An address that is just coming or going: the next scan knows more.
    if (this.#refused.has(address) || errnoOf(cause) === 'EADDRNOTAVAIL') return
    this.#refused.add(address)
    this.#owner.core.handlers.listenerFailed(address, this.port, cause)
  }

  #close(listener: Listener<Owner>): void {
    this.#listeners.delete(listener.address)
    this.#owner.closed(listener)
    listener.close()
  }
}
