/** A client as one of the rows of habits: what it has, and what it says to a packet of the server. */
import type { Answer, Habits } from './habits.ts'

export interface ClientState {
  /** A server answered. */
  readonly begun: boolean
  readonly done: boolean
  /** The block that it took last; of clients that keep order, all below it are there. */
  readonly have: number
  /** `gaps`: blocks beyond the first gap, in rising order. */
  readonly beyond: readonly number[]
  /** The position that it last answered an unexpected block with. */
  readonly told: number
  /** The next block that it acknowledges in a window. */
  readonly nextAck: number
}

/** What it says: a block for its ACK, `ERROR_SAID`, `REQUEST_SAID`, or undefined for nothing. */
export const ERROR_SAID = -2
export const REQUEST_SAID = -1

export interface Reaction {
  readonly client: ClientState
  readonly says: number | undefined
  /** It took a block: its timer runs anew. */
  readonly took: boolean
}

export interface Terms {
  readonly habits: Habits
  readonly windowsize: number
  /** The final block; Infinity while it is not known. */
  readonly final: number
}

export function newClient(have: number, begun: boolean, windowsize: number): ClientState {
  return { begun, done: false, have, beyond: [], told: have, nextAck: have + windowsize }
}

/** `seq` 0 is an OACK. */
export function receive(client: ClientState, terms: Terms, seq: number): Reaction {
  if (seq === 0) return onOack(client, terms)
  const { order } = terms.habits
  if (order === 'any') return onAny(client, terms, seq)
  if (order === 'gaps') return onGaps(client, terms, seq)
  if (seq === client.have + 1) return onNext(client, terms, seq)
  return onUnexpected(client, terms, seq)
}

/** Its last packet, which its timer repeats. */
export function repeats(client: ClientState, { habits, windowsize }: Terms): number {
  if (!client.begun) return REQUEST_SAID
  // EDK2 repeats what it said last, whatever came since.
  return habits.ahead === 'position' && !habits.once && habits.order === 'inorder'
    ? client.nextAck - windowsize
    : client.have
}

function onOack(client: ClientState, { habits, windowsize }: Terms): Reaction {
  if (client.have > 0) return { client, says: habits.timer === 'exact' ? client.have : undefined, took: false }
  return { client: { ...client, begun: true, nextAck: windowsize }, says: 0, took: true }
}

function onAny(client: ClientState, { final }: Terms, seq: number): Reaction {
  if (client.begun && seq === client.have) return { client, says: undefined, took: false }
  return { client: { ...client, begun: true, have: seq, done: seq === final }, says: seq, took: true }
}

/** No server sends further ahead without a window. */
const MOST_BEYOND = 64

function onGaps(client: ClientState, { final }: Terms, seq: number): Reaction {
  let { have } = client
  let beyond = client.beyond
  if (seq > have && beyond.length < MOST_BEYOND && !beyond.includes(seq))
    beyond = [...beyond, seq].sort((a, b) => a - b)
  while (beyond.length > 0 && beyond[0] === have + 1) {
    have++
    beyond = beyond.slice(1)
  }
  return { client: { ...client, begun: true, have, beyond, done: have >= final }, says: have, took: true }
}

function onNext(client: ClientState, { windowsize, final }: Terms, seq: number): Reaction {
  const done = seq === final
  const says = windowsize === 1 || seq >= client.nextAck || done
  return {
    client: { ...client, begun: true, done, have: seq, nextAck: says ? seq + windowsize : client.nextAck },
    says: says ? seq : undefined,
    took: true,
  }
}

function onUnexpected(client: ClientState, { habits, windowsize }: Terms, seq: number): Reaction {
  const { have } = client
  const answer: Answer = seq > have ? habits.ahead : seq === have ? habits.repeat : habits.older
  if (answer === 'silent') return { client, says: undefined, took: false }
  if (answer === 'error') return { client, says: ERROR_SAID, took: false }
  if (answer === 'ack') {
    // The ACK of the last block begins a window.
    const next = seq === have ? { ...client, nextAck: have + windowsize } : client
    return { client: next, says: have > 0 ? seq : undefined, took: false }
  }
  if (habits.once && client.told === have) return { client, says: undefined, took: false }
  return { client: { ...client, begun: true, told: have, nextAck: have + windowsize }, says: have, took: false }
}
