/** Units and the guide that moves a machine over to them. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { findProgram, missingNote } from '../interop/programs.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { readInTftpd } from '../../src/cli/old/in-tftpd.ts'
import { readUnit } from './supervisor.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const UNITS = join(ROOT, 'packaging/systemd')
const analyze = findProgram('systemd-analyze')

const note = analyze === undefined ? `: ${missingNote('systemd-analyze', 'systemd')}` : ''

test.runIf(analyze)(`systemd-analyze finds nothing wrong with the units${note}`, () => {
  const folder = tempFolder()
  const files = readdirSync(UNITS).map((name) => {
    const file = join(folder, name)
    // The program is not installed here.
    writeFileSync(
      file,
      readFileSync(join(UNITS, name), 'utf8').replace(
        'ExecStart=/usr/local/bin/foresend',
        `ExecStart=${process.execPath}`,
      ),
    )
    return file
  })
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], { encoding: 'utf8' })
  expect({ status, said: stderr.split('\n').filter((line) => /foresend|tftpd/.test(line)) }).toEqual({
    status: 0,
    said: [],
  })
})

test('the unit in the place of tftpd-hpa gives in.tftpd what Debian gives it', () => {
  const variables: Record<string, string> = {
    TFTP_USERNAME: 'tftp',
    TFTP_DIRECTORY: '/srv/tftp',
    TFTP_ADDRESS: ':69',
    TFTP_OPTIONS: '--secure --create',
  }
  const [program, command, ...words] = readUnit(join(UNITS, 'tftpd-hpa.service')).command.flatMap((word) =>
    word.startsWith('$') ? variables[word.slice(1)].split(' ') : [word],
  )
  expect([program, command]).toEqual(['/usr/local/bin/foresend', 'in.tftpd'])
  const { values, isStandalone, isDaemon } = readInTftpd(words, 1000)
  expect(values).toMatchObject({ path: '/srv/tftp', port: 69, user: 'tftp', uploads: 'overwrite' })
  expect({ isStandalone, isDaemon }).toEqual({ isStandalone: true, isDaemon: false })
})

describe('units', () => {
  test.each(['foresend.service', 'tftpd-hpa.service'])('%s says when it serves, and gets port 69 alone', (name) => {
    const { settings } = readUnit(join(UNITS, name))
    expect(settings.get('Service.Type')).toBe('notify')
    expect(settings.get('Service.NotifyAccess')).toBe('all')
    expect(settings.get('Service.CapabilityBoundingSet')).toBe('CAP_NET_BIND_SERVICE')
    expect(settings.get('Service.NoNewPrivileges')).toBe('yes')
  })
})

test('the guide names files that are there', () => {
  const guide = readFileSync(join(ROOT, 'docs/migrate.md'), 'utf8')
  const named = new Set([...guide.matchAll(/packaging\/[\w./-]+\w/g)].map(([path]) => path))
  expect(named.size).toBeGreaterThan(2)
  for (const path of named) expect(() => readFileSync(join(ROOT, path))).not.toThrow()
})
