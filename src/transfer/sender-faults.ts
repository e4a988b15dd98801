/** Why a sender gives up, in words for a person. The owner puts the transfer's name in front. */
import type { PeerRole } from './contract.ts'

/** Rule A13: what gave the peer away, and what that means. */
export function countsRepeats(peer: PeerRole, acknowledged: string): string {
  return (
    `the ${peer} acknowledged ${acknowledged}: it counts repeated blocks as new ones, and what it stored is spoilt; ` +
    'let it ask again, it gets no repeats then'
  )
}

/** Rule A1: a peer taken for one that stores blocks in order proves the contrary. */
export function storedAnyOrder(peer: PeerRole, seq: number): string {
  return `the ${peer} acknowledged block ${seq} on its own after later ones, so it may lack blocks that counted as arrived; start the transfer again`
}

/** Rule N4: a peer that negotiated a window, where an ACK confirms all before it, acknowledged a block beyond one that it cannot have. */
export function acknowledgedUnsent(peer: PeerRole, seq: number, unsent: number): string {
  return `the ${peer} acknowledged block ${seq} although block ${unsent} never left, so it may lack blocks that counted as arrived; start the transfer again`
}

/** Rule A5. `meanwhile`: what came instead (`outOfPlace`), '' for nothing. */
export function neverBegan(peer: PeerRole, meanwhile: string): string {
  const silence = meanwhile === '' ? ': nothing of ours may reach it' : meanwhile
  return `the ${peer} never acknowledged DATA 1${silence}; check its receiving side, the cable and the firewalls`
}

/** The same of a file of one block, after the peer had answered the request: all that is lost may be the ACK. */
export function neverEnded(peer: PeerRole, meanwhile: string): string {
  return `the ${peer} never acknowledged the only block${meanwhile}; it may have the file: look at it before the ${peer} is switched off or asks again`
}

/** Rule A10. */
export function silentAfterRefusal(peer: PeerRole): string {
  return `the ${peer} went silent after its ERROR 5 about a block that it had not asked for; start the transfer again`
}

/** What to do when a peer went silent in the middle. */
export function checkCable(peer: PeerRole): string {
  return `check the cable and the ${peer}`
}

/** The same when the final block has left in its window: all that is lost may be the ACK. A device that writes its flash must not be switched off. */
export function mayBeWhole(peer: PeerRole): string {
  return `the final block left too, so the ${peer} may have the whole file: look at it before it is switched off or asks again`
}
