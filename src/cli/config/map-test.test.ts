import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { command } from '../../../test/support/command.ts'
import { tempFolder } from '../../../test/support/temp-folder.ts'

let folder = ''
let file = ''

beforeEach(() => {
  folder = tempFolder()
  file = join(folder, 'tftpd.rules')
})

function rules(text: string): void {
  writeFileSync(file, text)
}

describe('config map-test', () => {
  test('prints each step, and the name that is served', async () => {
    rules('# a comment\nrg \\\\ /\nr ^/tftpboot/ /\nre ^[^/] /\\0\n')
    const { code, stdout } = await command('config', 'map-test', file, 'boot\\efi\\x')
    expect(stdout.split('\n')).toEqual([
      '"boot\\\\efi\\\\x"',
      '  line 2: rg \\\\ /: "boot\\\\efi\\\\x" -> "boot/efi/x"',
      '  line 3: r ^/tftpboot/ /: does not apply',
      '  line 4: re ^[^/] /\\0: "boot/efi/x" -> "/boot/efi/x", the end',
      '  served: "boot/efi/x"',
      '',
    ])
    expect(code).toBe(0)
  })

  test('says why a name is refused, by a rule or by what it became', async () => {
    rules('a ^secret Not\\ for\\ you\nrP ^up ../up\n')
    const read = await command('config', 'map-test', file, 'secret', 'up')
    expect(read.stdout).toContain(`refused: ${file}:1 refuses it; the device gets "Not for you"`)
    expect(read.stdout).toContain('served: "up"')
    expect(read.code).toBe(1)
    const put = await command('config', 'map-test', file, '--put', 'up')
    expect(put.stdout).toContain('refused: "../up": the name leads upwards (..)')
    expect(put.code).toBe(1)
  })

  test('knows the client, and the files of a root', async () => {
    rules('rE ^ \\x/\nr ^ all/\n')
    mkdirSync(join(folder, 'C0A80114'))
    writeFileSync(join(folder, 'C0A80114/config'), '')
    const asked = ['config', 'map-test', file, 'config', '--root', folder, '--client']
    expect((await command(...asked, '192.168.1.20')).stdout).toContain('served: "C0A80114/config"')
    const other = await command(...asked, '192.168.1.21')
    expect(other.stdout).toContain('undone: there is no such file')
    expect(other.stdout).toContain('missing: "all/config" is not in')
    expect(other.code).toBe(1)
  })

  test("tries the rules of atftpd's --pcre", async () => {
    rules('^\\w*\\.conf$ master.conf\n')
    const { stdout, code } = await command('config', 'map-test', '--pcre', file, 'x1.conf', 'other')
    expect(stdout).toContain('line 1: ^\\w*\\.conf$ master.conf: "x1.conf" -> "master.conf"')
    expect(stdout).toContain('refused: no rule matches')
    expect(code).toBe(1)
  })

  test('a mistake is printed with its line', async () => {
    rules('r a b\nr (a b\n')
    const { code, stderr } = await command('config', 'map-test', file, 'a')
    expect(stderr).toBe(`foresend: ${file}:2: the pattern has a ( without its ); write \\( for the character\n`)
    expect(code).toBe(2)
    expect((await command('config', 'map-test', '/missing', 'a')).stderr).toContain('cannot read the rules in /missing')
    expect((await command('config', 'map-test', file, 'a', '--client', 'x')).stderr).toContain(
      '--client x is no address',
    )
  })
})
