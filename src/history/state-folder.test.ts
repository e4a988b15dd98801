import { expect, test } from 'vitest'
import { stateFolder } from './state-folder.ts'

const USER = { env: {}, platform: 'linux', uid: 1000, home: '/home/ada' } as const

test.each([
  ['a user', USER, '/home/ada/.local/state/foresend'],
  ['a user with a state folder', { ...USER, env: { XDG_STATE_HOME: '/data/state' } }, '/data/state/foresend'],
  ['a relative one is not meant', { ...USER, env: { XDG_STATE_HOME: 'state' } }, '/home/ada/.local/state/foresend'],
  ['root', { ...USER, uid: 0 }, '/var/lib/foresend'],
  ['a service', { ...USER, env: { STATE_DIRECTORY: '/var/lib/tftp' } }, '/var/lib/tftp'],
  ['a service as root', { ...USER, uid: 0, env: { STATE_DIRECTORY: '/run/x:/var/lib/y' } }, '/run/x'],
])('%s', (_, around, folder) => {
  expect(stateFolder(around)).toBe(folder)
})
