/** `foresend get` with several files: each is whole or says clearly that it failed. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { get } from '../../src/client/index.ts'
import type { GetOptions } from '../../src/client/get.ts'
import type { Context } from '../../src/cli/context.ts'
import { run } from '../../src/cli/main.ts'
import { ForesendError } from '../../src/error.ts'
import { collector } from '../support/collector.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { folderWith, pattern, serve } from './serving.ts'

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What was fetched, in order. */
  readonly asked: readonly GetOptions[]
}

async function ran(words: readonly string[], fetch: Context['tools']['get'] = get): Promise<Ran> {
  const [stdout, stderr] = [collector(), collector()]
  const asked: GetOptions[] = []
  const context: Context = {
    stdout: stdout.output,
    stderr: stderr.output,
    tools: {
      get: (options: GetOptions) => {
        asked.push(options)
        return fetch(options)
      },
    } as Partial<Context['tools']> as Context['tools'],
    watch: () => () => {},
    now: () => 0,
  }
  const code = await run(['get', ...words], context)
  return { code, stdout: stdout.text(), stderr: stderr.text(), asked }
}

test('a host and names: every file that is there is whole, and the one that is not there is named', async () => {
  const files = { a: pattern(3000), b: pattern(70_000), c: pattern(1) }
  const { port } = await serve(folderWith(files))
  const folder = join(tempFolder(), 'boot')
  mkdirSync(folder)
  const result = await ran([`127.0.0.1:${port}`, 'a', 'missing', 'b', 'c', '-o', folder])
  expect(result.code).toBe(4)
  expect(readdirSync(folder).sort()).toEqual(['a', 'b', 'c'])
  for (const [name, bytes] of Object.entries(files)) {
    expect(readFileSync(join(folder, name)).equals(bytes)).toBe(true)
  }
  expect(result.stdout.match(/^got (a|b|c): /gm)).toHaveLength(3)
  expect(result.stderr).toMatch(/^failed missing: .*ERROR 1/m)
})

const fails = (code: 'ERR_TFTP_PEER_ERROR' | 'ERR_TFTP_TIMEOUT' | 'ERR_TFTP_CHECKSUM') =>
  new ForesendError(code, code, { fault: 'peer' })

test.each([
  ['refused, no answer', ['ERR_TFTP_PEER_ERROR', 'ERR_TFTP_TIMEOUT'], 5],
  ['no answer, refused', ['ERR_TFTP_TIMEOUT', 'ERR_TFTP_PEER_ERROR'], 5],
  ['no answer, wrong content, refused', ['ERR_TFTP_TIMEOUT', 'ERR_TFTP_CHECKSUM', 'ERR_TFTP_PEER_ERROR'], 1],
] as const)('the exit code is that of the worst failure: %s', async (_, codes, worst) => {
  const left = [...codes]
  const result = await ran(['10.0.0.1', ...codes.map((_code, i) => `file${i}`)], async () => {
    throw fails(left.shift() ?? 'ERR_TFTP_TIMEOUT')
  })
  expect(result.code).toBe(worst)
  expect(result.asked).toHaveLength(codes.length)
})

test.each<[string, readonly string[], Partial<GetOptions>]>([
  ['a host', ['10.0.0.1', 'a'], { host: '10.0.0.1', port: 69, filename: 'a', output: 'a' }],
  ['a port', ['server:6969', 'x/a'], { host: 'server', port: 6969, filename: 'x/a', output: 'a' }],
  ['IPv6', ['fe80::1%eth0', 'a'], { host: 'fe80::1%eth0', port: 69 }],
  ['IPv6 and a port', ['[::1]:70', 'a'], { host: '::1', port: 70 }],
  ['a name that a URL would read otherwise', ['10.0.0.1', 'a%20b;mode=netascii'], { filename: 'a%20b;mode=netascii' }],
])('%s', async (_, words, expected) => {
  const result = await ran(words, async () => {
    throw fails('ERR_TFTP_TIMEOUT')
  })
  expect(result.asked).toMatchObject([expected])
})

test.each<[readonly string[], RegExp]>([
  [['10.0.0.1', 'x/a', 'y/a'], /two of the files would be a: fetch them one by one/],
  [['10.0.0.1', 'a', 'tftp://10.0.0.1/b'], /either URLs, or a host and names/],
  [['10.0.0.1', 'a', ''], /a name is empty/],
  [['10.0.0.1/x', 'a'], /is no TFTP address/],
  [['10.0.0.1'], /write it as tftp:\/\/HOST\/NAME/],
  [['10.0.0.1', 'a', 'b', '-o', 'nowhere'], /would take 2 files: name an existing folder/],
  [['10.0.0.1', 'a', 'b', '--expect-size', '1'], /of one file/],
])('%j is refused before anything is asked for', async (words, reason) => {
  const result = await ran(words)
  expect(result).toMatchObject({ code: 2, stdout: '', asked: [], stderr: expect.stringMatching(reason) })
})
