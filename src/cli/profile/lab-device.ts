/** What a device of the lab shows of itself: its own request, and what its model does with blocks. */
import type { Behaviour } from '../../profile/behaviour.ts'
import { type RequestFingerprint, requestFingerprint } from '../../profile/fingerprint.ts'
import type { Device } from '../../lab/index.ts'
import { CLIENTS } from '../../lab/device/clients.ts'
import { bootDevice } from '../../lab/device/device.ts'
import { type Habits, habitsOf } from '../../lab/device/habits.ts'
import { withUsual } from '../../lab/fault/catalogue.ts'

/** The first packet that it sends when it is switched on. */
export function requestOfDevice(device: Device): RequestFingerprint {
  let request: RequestFingerprint | undefined
  const { client } = bootDevice(device, { seed: 1, sizeBytes: 0 })
  client.attach({
    send: (_now, buffer, offset, length) => {
      const parsed = requestFingerprint(buffer, offset, length)
      if (parsed.ok) request ??= parsed.value
    },
  })
  client.handleTimer(client.deadline)
  if (request === undefined) throw new Error(`the model of ${device.name} asks for nothing`)
  return request
}

export function behaviourOfDevice(device: Device): Behaviour {
  const { make, parameters } = CLIENTS[device.client.model]
  // What differs from unit to unit is drawn for the first.
  const drawn = bootDevice(device, { seed: 1, sizeBytes: 0 }).drawn
  const values = Object.entries(device.client.values).map(([name, value]) => [
    name,
    typeof value === 'number' ? value : drawn[`${device.client.model}.${name}`],
  ])
  const all = withUsual(parameters, Object.fromEntries(values) as Record<string, number>)
  return behaviourOf(habitsOf(() => make({ sizeBytes: 0 }, all)))
}

function behaviourOf(habits: Habits): Behaviour {
  const ahead = AHEAD[habits.ahead]
  const order = ahead === 'stored' ? 'any' : ahead === 'counted' ? undefined : 'inorder'
  return {
    ...(order === undefined ? {} : { order }),
    repeat: REPEAT[habits.repeat],
    ...(ahead === undefined ? {} : { ahead }),
    timerMs: habits.timerMs ?? 0,
    // A client whose waits grow has a budget of time, not of timeouts.
    ...(habits.backsOff ? {} : { timeouts: habits.budget, timeoutsOf: habits.budgetOf }),
    givesUp: habits.thenRestarts ? 'restarts' : 'ends',
  }
}

const REPEAT = {
  acknowledged: 'acknowledged',
  'acknowledged, once for each position': 'acknowledged-once',
  ignored: 'silent',
  'taken for the next block': 'counted',
} as const satisfies Record<Habits['repeat'], Behaviour['repeat']>

const AHEAD: Readonly<Record<string, Behaviour['ahead']>> = {
  'stored and acknowledged': 'stored',
  'stored, the ACK names the gap': 'stored-names-gap',
  dropped: 'dropped',
  'dropped, the last ACK again': 'last-ack-again',
  'dropped, the last ACK again, once for each position': 'last-ack-once',
  'taken for the next block': 'counted',
  'ERROR 5': 'error-5',
}
