/** The same tests for each kind of client socket. */
import { beforeEach, describe } from 'vitest'
import { get as clientGet, type GetOptions } from '../../src/client/get.ts'
import { put as clientPut, type PutOptions } from '../../src/client/put.ts'
import type { Summary } from '../../src/client/options.ts'
import { probeBatch } from '../../src/io/native/probe.ts'

let driver: 'dgram' | 'batch' = 'dgram'

/** What `get` and `put` of this file do within `tests` goes through that socket. */
export function eachClientDriver(tests: () => void): void {
  describe.each(['dgram', 'batch'] as const)('%s client:', (name) => {
    beforeEach((context) => {
      const native = name === 'batch' ? probeBatch() : undefined
      if (typeof native === 'string') context.skip(native)
      driver = name
    })
    tests()
  })
}

export function get(options: GetOptions): Promise<Summary> {
  return clientGet({ driver, ...options })
}

export function put(options: PutOptions): Promise<Summary> {
  return clientPut({ driver, ...options })
}
