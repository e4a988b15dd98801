import { existsSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { sourceOf, STATS } from '../../test/support/api-source.ts'
import { Api } from './api.ts'
import { askServer } from './ask.ts'
import { controlPath } from './place.ts'
import { type ControlSocket, openControlSocket } from './socket.ts'

const opened: ControlSocket[] = []
afterEach(() => {
  for (const socket of opened.splice(0)) socket.close()
})

async function open(folder: string): Promise<ControlSocket> {
  const socket = await openControlSocket(folder, new Api(sourceOf()))
  opened.push(socket)
  return socket
}

describe('the control socket', () => {
  test('answers its owner alone, and is gone with its server', async () => {
    const folder = tempFolder()
    expect(await askServer(folder, 'GET', '/api/v1/stats')).toBeUndefined()
    const socket = await open(folder)
    expect(statSync(controlPath(folder)).mode & 0o777).toBe(0o600)
    expect(await askServer(folder, 'GET', '/api/v1/stats')).toEqual({ status: 200, body: STATS })
    expect(await askServer(folder, 'GET', '/nothing')).toMatchObject({
      status: 404,
      body: { code: 'ERR_TFTP_NOT_FOUND' },
    })
    socket.close()
    expect(existsSync(controlPath(folder))).toBe(false)
    expect(await askServer(folder, 'GET', '/api/v1/stats')).toBeUndefined()
  })

  test('one that a killed server left is taken; one of a server that lives is not', async () => {
    const folder = tempFolder()
    writeFileSync(controlPath(folder), '')
    await open(folder)
    expect(await askServer(folder, 'GET', '/api/v1/stats')).toMatchObject({ status: 200 })
    await expect(open(folder)).rejects.toMatchObject({
      code: 'ERR_TFTP_BIND',
      message: expect.stringMatching(/another server has it.*--state/),
    })
    expect(await askServer(folder, 'GET', '/api/v1/stats')).toMatchObject({ status: 200 })
  })

  test('a path that no socket can have, and a folder that is not there, are one clear line', async () => {
    await expect(open(join(tempFolder(), 'x'.repeat(100)))).rejects.toMatchObject({
      message: expect.stringMatching(/too long.*--state/),
    })
    await expect(open(join(tempFolder(), 'missing'))).rejects.toMatchObject({ code: 'ERR_TFTP_BIND' })
  })

  test('a program at its place that speaks no HTTP is an error, not a wait', async () => {
    const folder = tempFolder()
    const other = createServer((socket) => socket.end('hello\n')).listen(controlPath(folder))
    await expect(askServer(folder, 'GET', '/api/v1/stats')).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
    other.close()
  })
})

test('on Windows it is a named pipe, another one for each folder', () => {
  expect(controlPath('a', 'win32')).toMatch(/^\\\\\.\\pipe\\foresend-[0-9a-f]{16}$/)
  expect(controlPath('a', 'win32')).not.toBe(controlPath('b', 'win32'))
})
