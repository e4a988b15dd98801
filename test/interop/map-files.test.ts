/** Map files as Debian's tftpd-hpa reads them: the same file, the same requests, and the same file served or the same refusal. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../e2e/raw-client.ts'
import { serve } from '../e2e/serving.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { findProgram, freePort, missingNote, type RunningServer, startPeer } from './programs.ts'

const program = findProgram('in.tftpd')
const isRoot = process.getuid?.() === 0
const lacks =
  program === undefined
    ? missingNote('in.tftpd', 'tftpd-hpa')
    : isRoot
      ? undefined
      : 'in.tftpd needs root to change its root'

const FILES = [
  'pxelinux.0',
  'boot/vmlinuz',
  'boot/initrd.img',
  'pxelinux.cfg/default',
  'pxelinux.cfg/C0A80105',
  '127.0.0.1/config',
  '7F000001/config',
  'windows/bcd',
  'boot/Boot.SDI',
  'a',
  'b',
  'c',
  'ab',
  'aa',
  'UPPER',
  'lower',
  'with space',
  'x#y',
  'deep/er/file',
  'bootx64.efi',
  'default.cfg',
  'caf\u00e9',
]
interface Case {
  readonly rules: string
  readonly names: readonly string[]
}

/** As they stand in wikis, packages and manuals, and what each operation does by itself. */
const CASES: Readonly<Record<string, Case>> = {
  'the example of syslinux and Debian': {
    rules: String.raw`
rg      \\              /               # Convert backslashes to slashes
r       ^/tftpboot/     /               # Some clients ask with the folder
r       ^[^/]           /\0             # Add a root
`,
    names: ['a', '/a', '//a', '/tftpboot/pxelinux.0', '\\boot\\vmlinuz', 'boot\\Boot.SDI', 'deep//er//file', 'missing'],
  },
  'Windows deployment': {
    rules: String.raw`
ri ^[a-z]:
rg \\ /
r Boot boot
rg V v
rg M m
rgg [LINUXZ] default
`,
    names: ['c:\\boot\\bcd', '/Boot/VMlinuz', '\\Boot\\Boot.SDI', 'boot/vmlinuz', 'UPPER'],
  },
  'case, by escapes and flags': {
    rules: String.raw`
re ^up(.*)$ \UUP\1
re ^LO(.*)$ \LLO\1
re ^x(.*)$ \Ux\E\1
ri ^DEFAULT\.CFG$ a
`,
    names: ['upper', 'LOWER', 'x#y', 'Default.Cfg', 'a'],
  },
  "the client's address": {
    rules: String.raw`
r ^config$ \i/config
r ^/?ptest$ \x/config
`,
    names: ['config', 'ptest', '/ptest', '127.0.0.1/config'],
  },
  'PXE and telephones': {
    rules: String.raw`
r ^(.*/)?pxelinux\.cfg/01(-[0-9a-f]{2}){6}$ pxelinux.cfg/default
r ^(sip|SEP)[0-9A-Za-z]+\.(cnf|cnf\.xml)$ default.cfg
r bootx64|boot a
`,
    names: ['pxelinux.cfg/01-02-03-04-05-06-07', 'sip123.cnf', 'SEP0011.cnf.xml', 'bootx64', 'bootx64.efi', 'boot'],
  },
  refusals: {
    rules: String.raw`
a ^etc/ Go\ away
a ^missing
a~ ^[^\#]*$
ai ^VMLINUZ No\ kernel
`,
    names: ['etc/passwd', 'missing', 'x#y', 'vmlinuz', 'a', 'nowhere'],
  },
  'end, order and repetition': {
    rules: String.raw`
re ^a$ b
r ^b$ c
rP ^ab$ a
rG ^c$ ab
rg aaa aa
rgg xx x
`,
    names: ['a', 'b', 'c', 'ab', 'aaaaaa', 'xx#y'],
  },
  'spaces, hash marks, classes and intervals': {
    rules: String.raw`
r ^with\ space$ x\#y
r ^without.space$ with\ space   # a comment
r ^[[:alpha:]]{1}$ default.cfg
r ^(deep)(/+)(er)(/+)(file)$ \1/\3/\5
`,
    names: ['with space', 'without space', 'x#y', 'a', 'deep//er///file'],
  },
  'bytes above ASCII': {
    rules: 'r ^caf\xc3\xa9$ a\nr ^th.$ b\nr ^th..$ c\n',
    names: ['caf\u00e9', 'th\u00e9', 'thx', 'th'],
  },
  // The first rule is for nothing: from s on 5.2 begins with the second one, against its manual, and 6.0 with the first.
  'starting again': { rules: 'r ^$ x\nr ^c$ a\nr ^d$ ab\nrs ^b$ c\nrs ^ba$ d\n', names: ['b', 'ba', 'c'] },
  'no rule': { rules: '# only a comment\n\n', names: ['a', '/a', 'missing'] },
}

let folder = ''
beforeAll(() => {
  folder = tempFolder()
  for (const name of FILES) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), `this is ${name}`)
  }
  chmodSync(folder, 0o755)
})

describe.skipIf(lacks !== undefined)(
  `map files in Foresend and in tftpd-hpa${lacks === undefined ? '' : `: ${lacks}`}`,
  () => {
    let peer: RunningServer | undefined
    afterAll(() => peer?.stop())

    test.each(Object.entries(CASES))('%s', async (_name, { rules, names }) => {
      const file = join(tempFolder(), 'tftpd.rules')
      writeFileSync(file, rules, 'latin1')
      const port = await freePort()
      await peer?.stop()
      peer = await startPeer(
        program ?? '',
        ['-L', '-s', folder, '-u', 'nobody', '-a', `127.0.0.1:${port}`, '-m', file],
        '127.0.0.1',
        port,
      )
      const ours = await serve(folder, { map: file, publicOnly: true })
      const [asked, answered] = await Promise.all([answers(port, names), answers(ours.port, names)])
      expect(answered).toEqual(asked)
      // Both served something, so that equal silence is no success.
      expect(Object.values(asked).filter((answer) => answer.startsWith('this is')).length).toBeGreaterThan(0)
    })
  },
)

/** What each name gets. */
async function answers(port: number, names: readonly string[]): Promise<Record<string, string>> {
  const all = await Promise.all(names.map(async (name) => [name, await answer(port, name)] as const))
  return Object.fromEntries(all)
}

async function answer(port: number, name: string): Promise<string> {
  const client = await RawClient.open(port)
  const got = await client.get(name)
  client.close()
  // The words for a code are each server's own, but for those of a rule.
  return Buffer.isBuffer(got) ? got.toString() : `${got.number} ${OWN_TEXT.exec(got.body.toString())?.[0] ?? ''}`
}

const OWN_TEXT = /Go away|No kernel/
