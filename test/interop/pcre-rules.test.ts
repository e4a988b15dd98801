/** Rules of atftpd's `--pcre` as atftpd itself reads them (`--pcre-test`): the same substitution for each name. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FallbackRules } from '../../src/content/remap/pcre-file.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { findProgram, missingNote } from './programs.ts'

const program = findProgram('atftpd')
const RULES = String.raw`^\w*\.conf$     master.conf
^(sip|SEP)([0-9A-F]+)\.cnf(\.xml)?$ phones/$2-$1
boot|bootx64 kernel
^/?pxelinux\.cfg/01(-[0-9a-f]{2}){6}$	pxelinux.cfg/default
^(a+?)(a*)$ $2b$1
(\d+)-(\d+) $2-$1$0
`
const NAMES = [
  'x1.conf',
  '/x1.conf',
  'sip00AF.cnf',
  'SEP12.cnf.xml',
  'bootx64.efi',
  'my-boot',
  'pxelinux.cfg/01-02-03-04-05-06-07',
  'aaa',
  'v12-345.bin',
  'none',
]

test.skipIf(program === undefined)(
  `Foresend and atftpd replace alike${program === undefined ? `: ${missingNote('atftpd', 'atftpd')}` : ''}`,
  () => {
    const file = join(tempFolder(), 'rules')
    writeFileSync(file, RULES)
    const { stdout } = spawnSync(program ?? '', ['--pcre-test', file], {
      input: NAMES.map((name) => `${name}\n`).join(''),
      encoding: 'latin1',
    })
    const theirs = [...stdout.matchAll(/^Substitution: "(.*)" -> "(.*)"$/gm)].map(([, name, replaced]) => [
      name,
      replaced,
    ])
    const rules = new FallbackRules({ file, text: RULES })
    expect(NAMES.map((name) => [name, rules.apply(name)?.name ?? ''])).toEqual(theirs)
  },
)
