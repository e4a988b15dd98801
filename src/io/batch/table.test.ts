import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PeerTable } from './table.ts'
import { AF_INET, AF_INET6 } from '../native/linux.ts'
import { NAME_WORDS } from '../native/messages.ts'

/** A sockaddr of few addresses and ports, so that keys meet and slots collide. */
function name(six: boolean, address: number, port: number): Uint32Array {
  const words = new Uint32Array(NAME_WORDS)
  words[0] = (six ? AF_INET6 : AF_INET) | (port << 16)
  words[six ? 5 : 1] = address
  return words
}

test('behaves as a Map does, whatever comes and goes', () => {
  const step = fc.record({
    add: fc.boolean(),
    socket: fc.nat(2),
    six: fc.boolean(),
    address: fc.nat(15),
    port: fc.nat(15),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const table = new PeerTable<number>()
      const model = new Map<string, number>()
      steps.forEach(({ add, socket, six, address, port }, value) => {
        // A socket is of one family.
        const of = six ? socket : socket + 3
        const words = name(six, address, port)
        const key = `${of} ${address} ${port}`
        expect(table.get(of, words, 0)).toBe(model.get(key))
        if (add && !model.has(key)) {
          table.add(of, words, 0, value)
          model.set(key, value)
        } else if (!add) {
          table.delete(of, words, 0)
          model.delete(key)
        }
        expect(table.size).toBe(model.size)
      })
      for (let of = 0; of < 6; of++) {
        for (let address = 0; address < 16; address++) {
          for (let port = 0; port < 16; port++) {
            expect(table.get(of, name(of < 3, address, port), 0)).toBe(model.get(`${of} ${address} ${port}`))
          }
        }
      }
    }),
    { numRuns: 30 },
  )
})

test('5000 peers of one network on one socket', () => {
  const table = new PeerTable<number>()
  for (let i = 0; i < 5000; i++) table.add(1, name(false, 0x0a000000 + (i >> 4), 1024 + (i & 15)), 0, i)
  for (let i = 0; i < 5000; i += 2) table.delete(1, name(false, 0x0a000000 + (i >> 4), 1024 + (i & 15)), 0)
  for (let i = 0; i < 5000; i++) {
    expect(table.get(1, name(false, 0x0a000000 + (i >> 4), 1024 + (i & 15)), 0)).toBe(i % 2 === 0 ? undefined : i)
  }
})
