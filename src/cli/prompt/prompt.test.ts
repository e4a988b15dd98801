/** The prompt's commands, with doubles for the transfers. */
import fc from 'fast-check'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Context } from '../context.ts'
import { exitCodeOf } from '../exit.ts'
import type { StreamOutput } from '../render/output.ts'
import { COMMANDS, commandFor } from './commands.ts'
import { complete } from './complete.ts'
import { readHistory, writeHistory } from './history-file.ts'
import { newSession, remoteFile, type Session } from './session.ts'
import { wordsOf } from './words.ts'

class Prompt {
  readonly session: Session = newSession()
  readonly calls: Record<string, unknown>[] = []
  printed = ''

  async type(line: string): Promise<number | 'quit'> {
    const [name = '', ...rest] = wordsOf(line)
    return await commandFor(name).run(rest, this.session, this.#context())
  }

  #context(): Context {
    const output = { stream: process.stdout, isTTY: false, columns: 80, rows: 24, broken: undefined }
    const write = (text: string): void => void (this.printed += text)
    const transfer = async (options: object) => {
      const { signal: _, onProgress: __, ...rest } = options as Record<string, unknown>
      this.calls.push(rest)
      return {
        file: '',
        bytes: 1,
        ms: 1,
        sha256: '',
        crc32: '',
        blksize: 512,
        windowsize: 1,
        blocks: 1,
        datagrams: 1,
        retransmitted: 0,
      }
    }
    return {
      stdout: { ...output, write } as StreamOutput,
      stderr: { ...output, write } as StreamOutput,
      tools: { get: transfer, put: transfer } as unknown as Context['tools'],
      watch: () => () => {},
      now: () => 0,
    }
  }
}

describe('a typed line', () => {
  test.each([
    ['get  a b', ['get', 'a', 'b']],
    ['get "a b" \'c "d\'', ['get', 'a b', 'c "d']],
    ['put a\\ b ""', ['put', 'a b', '']],
    ['get C:\\dir\\file', ['get', 'C:\\dir\\file']],
    ['   ', []],
  ])('%s', (line, words) => {
    expect(wordsOf(line)).toEqual(words)
  })

  test('a quote without its end is said', () => {
    expect(() => wordsOf('get "a')).toThrow('a " has no end')
  })

  test('words that are quoted come back as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        const line = words.map((word) => `"${word.replaceAll(/["\\]/g, '\\$&')}"`).join(' ')
        expect(wordsOf(line)).toEqual(words)
      }),
    )
  })
})

describe('the name of a command', () => {
  test('each is found by its own name, and all but one by a beginning that no other has', () => {
    for (const command of COMMANDS) expect(commandFor(command.name)).toBe(command)
    expect(commandFor('g').name).toBe('get')
    expect(commandFor('?').name).toBe('help')
    expect(commandFor('exit').name).toBe('quit')
  })

  test('a beginning of several names them', () => {
    expect(() => commandFor('t')).toThrow('t is short for timeout and trace')
    expect(() => commandFor('frob')).toThrow('no command frob')
  })
})

describe('transfers', () => {
  test('get has the three forms of tftp-hpa', async () => {
    const prompt = new Prompt()
    await prompt.type('connect 10.0.0.1 6969')
    await prompt.type('get dir/a.bin')
    await prompt.type('get a.bin b.bin')
    await prompt.type('get a b 10.0.0.2:c')
    expect(prompt.calls).toEqual(
      [
        { filename: 'dir/a.bin', output: 'a.bin' },
        { filename: 'a.bin', output: 'b.bin' },
        { filename: 'a', output: 'a' },
        { filename: 'b', output: 'b' },
        { host: '10.0.0.2', filename: 'c', output: 'c' },
      ].map((wanted) => ({ mode: 'octet', host: '10.0.0.1', port: 6969, ...wanted })),
    )
    expect(prompt.session.host).toBe('10.0.0.2')
  })

  test('put has the three forms, and looks for the files first', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prompt-'))
    try {
      const a = join(folder, 'a')
      const b = join(folder, 'b')
      for (const path of [a, b]) writeFileSync(path, 'x')
      const prompt = new Prompt()
      await prompt.type('connect 10.0.0.1')
      await prompt.type(`put ${a}`)
      await prompt.type(`put ${a} other`)
      await prompt.type(`put ${a} ${b} folder`)
      expect(prompt.calls.map((call) => [call['input'], call['filename']])).toEqual([
        [a, 'a'],
        [a, 'other'],
        [a, 'folder/a'],
        [b, 'folder/b'],
      ])
      await expect(async () => prompt.type(`put ${a} ${folder}/none folder`)).rejects.toThrow('is not there')
      expect(prompt.calls.length).toBe(4)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('what is set goes along', async () => {
    const prompt = new Prompt()
    for (const line of ['conn ::1', 'ascii', 'rexmt 2', 'timeout 10', 'option blksize 1024', 'option x=y', 'trace']) {
      await prompt.type(line)
    }
    await prompt.type('get a')
    const { onPacket, ...call } = prompt.calls[0] ?? {}
    expect(typeof onPacket).toBe('function')
    expect(call).toMatchObject({ mode: 'netascii', timeoutMs: 2000, retries: 4, blksize: 1024, host: '::1' })
    expect(call['options']).toEqual([{ name: 'x', value: 'y' }])
    await prompt.type('option x disable')
    await prompt.type('option blksize disable')
    await prompt.type('get a')
    expect(prompt.calls[1]).toMatchObject({ blksize: 512 })
    expect(prompt.calls[1]).not.toHaveProperty('options')
  })

  test('a colon names the host, but not in literal mode', () => {
    const session = newSession()
    expect(() => remoteFile(session, 'a')).toThrow('no host yet')
    expect(remoteFile(session, '[fe80::1%eth0]:a:b')).toMatchObject({ host: 'fe80::1%eth0', filename: 'a:b' })
    session.literal = true
    expect(remoteFile(session, 'C:a')).toMatchObject({ host: 'fe80::1%eth0', filename: 'C:a' })
  })
})

test.each([
  ['connect', 'connect takes a host'],
  ['connect a 99999', 'a whole number from 1 to 65535'],
  ['mode image2', 'no mode image2'],
  ['option blksize 4', 'from 8 to 65464'],
  ['option blksize', 'takes a value'],
  ['rexmt 0', 'from 1 to 255'],
  ['status extra words', undefined],
])('%s: %s', async (line, message) => {
  const prompt = new Prompt()
  if (message === undefined) expect(await prompt.type(line)).toBe(0)
  else {
    const error: unknown = await prompt.type(line).catch((cause: unknown) => cause)
    expect(String(error)).toContain(message)
    expect(exitCodeOf(error)).toBe(2)
  }
})

test('help lists each command, and status what is set', async () => {
  const prompt = new Prompt()
  await prompt.type('help')
  for (const { name } of COMMANDS) expect(prompt.printed).toContain(`  ${name}`)
  for (const line of prompt.printed.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  prompt.printed = ''
  await prompt.type('status')
  expect(prompt.printed).toContain('no host yet\nmode octet, verbose off')
})

test('the tab key offers commands, modes, options and local files', () => {
  expect(complete('ge')).toEqual([['get '], 'ge'])
  expect(complete('mode n')).toEqual([['netascii '], 'n'])
  expect(complete('option win')).toEqual([['windowsize '], 'win'])
  const [files] = complete('put src/cli/prompt/comp')
  expect(files).toEqual(['src/cli/prompt/complete.ts '])
  expect(complete('put src/cl')[0]).toContain('src/cli/')
  expect(complete('get remote-na')).toEqual([[], 'remote-na'])
})

test('typed lines are kept from one session to the next, the newest first', () => {
  const folder = mkdtempSync(join(tmpdir(), 'prompt-'))
  try {
    const file = join(folder, 'state', 'tftp-history')
    expect(readHistory(file)).toEqual([])
    writeHistory(file, ['get b', 'get a'])
    expect(readHistory(file)).toEqual(['get b', 'get a'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
