import { expect, test } from 'vitest'
import { portHabit } from './ports.ts'

const asked = (...ports: (number | `${number} again`)[]) =>
  ports.map((port) =>
    typeof port === 'number' ? { port, repeat: false } : { port: Number.parseInt(port, 10), repeat: true },
  )

test.each([
  ['the size and the file of a PXE ROM', asked(2070, 2071), { lowest: 2070, highest: 2071, successive: 'counts' }],
  ['a request that is repeated', asked(1500, '1500 again', '1500 again'), { repeats: 'same' }],
  ['a request that is repeated from a new port', asked(1500, '1501 again'), { repeats: 'new' }],
  ['a fixed port', asked(69, 69, 69), { lowest: 69, highest: 69, successive: 'same' }],
  ['chance', asked(2000, 1234, 4000), { lowest: 1234, highest: 4000, successive: 'any' }],
  ['every second number', asked(2000, 2002, 2004), { successive: 'any' }],
  ['repeats between others', asked(2070, '2070 again', 2071, '2071 again'), { successive: 'counts', repeats: 'same' }],
])('%s', (_what, ports, habit) => {
  expect(portHabit(ports)).toMatchObject(habit)
})

test('one request leaves open what only more can tell, and none tells nothing', () => {
  expect(portHabit(asked(2070))).toEqual({ lowest: 2070, highest: 2070, successive: undefined, repeats: undefined })
  expect(portHabit([])).toBeUndefined()
})
