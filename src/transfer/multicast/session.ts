/**
 * The clients that get one file together (RFC 2090), in the order in which they came. The first of them leads: its ACKs ask for blocks,
 * which go to all. The others listen, and lead when those before them are done.
 */
import type { GroupAddress } from './group-option.ts'

/** What a session needs of a client's machine. */
export interface SessionMember {
  /** It leads from now on, and wants an input of its own to act on that. */
  wake(now: number): void
  /** Block `seq` leaves for the group. */
  offered(seq: number): void
}

export class MulticastSession<M extends SessionMember = SessionMember> {
  readonly group: GroupAddress
  /** A leader that says nothing makes way for the next at once. */
  readonly switches: boolean
  readonly #members: M[] = []

  constructor(group: GroupAddress, switches = false) {
    this.group = group
    this.switches = switches
  }

  get size(): number {
    return this.#members.length
  }

  leads(member: M): boolean {
    return this.#members[0] === member
  }

  join(member: M): void {
    this.#members.push(member)
  }

  /** Block `seq` leaves for all of them. */
  sends(seq: number): void {
    for (const member of this.#members) member.offered(seq)
  }

  /** Harmless for one that is not here. */
  leave(now: number, member: M): void {
    const place = this.#members.indexOf(member)
    if (place < 0) return
    this.#members.splice(place, 1)
    if (place === 0) this.#members[0]?.wake(now)
  }

  /** `leader` makes way for the next, and waits behind the last. False where there is no other. */
  passOn(now: number, leader: M): boolean {
    if (!this.leads(leader) || this.#members.length < 2) return false
    this.#members.shift()
    this.#members.push(leader)
    this.#members[0].wake(now)
    return true
  }
}
