/** From which ports a device asks: bootloaders count from a fixed number, draw from a small range, or always use the same. */

/** What a kind of device is known to do. */
export interface PortForm {
  readonly from: number
  readonly to: number
  /** The port of its next request for another file: the same, the next number, or any. */
  readonly successive: 'same' | 'counts' | 'any' | undefined
  /** The port of the same request again. */
  readonly repeats: 'same' | 'new' | undefined
}

/** What was seen of one device. */
export interface PortHabit {
  readonly lowest: number
  readonly highest: number
  readonly successive: PortForm['successive']
  readonly repeats: PortForm['repeats']
}

/** A request in the order of time; `repeat` when it is the request before, byte for byte. */
export interface AskedFrom {
  readonly port: number
  readonly repeat: boolean
}

/** Undefined when nothing was seen. What one request cannot tell stays open. */
export function portHabit(asked: readonly AskedFrom[]): PortHabit | undefined {
  if (asked.length === 0) return undefined
  const ports = asked.map(({ port }) => port)
  const steps = asked.slice(1).map(({ port, repeat }, index) => ({ repeat, by: port - asked[index].port }))
  const repeated = steps.filter(({ repeat }) => repeat)
  const others = steps.filter(({ repeat }) => !repeat)
  return {
    lowest: Math.min(...ports),
    highest: Math.max(...ports),
    successive: successiveOf(others.map(({ by }) => by)),
    repeats: repeated.length === 0 ? undefined : repeated.every(({ by }) => by === 0) ? 'same' : 'new',
  }
}

function successiveOf(steps: readonly number[]): PortForm['successive'] {
  if (steps.length === 0) return undefined
  if (steps.every((by) => by === 0)) return 'same'
  return steps.every((by) => by === 1) ? 'counts' : 'any'
}
