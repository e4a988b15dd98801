/** Command lines of other servers: each of their flags, and what it means here. */
import { describe, expect, test } from 'vitest'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command } from '../../../test/support/command.ts'
import { tempFolder } from '../../../test/support/temp-folder.ts'
import { SETTINGS } from '../config/settings.ts'
import { parseConfig } from '../../server/config.ts'
import { serveSettings } from '../config/serve-settings.ts'
import { readAtftpd } from './atftpd.ts'
import { getopt } from './getopt.ts'
import { readInTftpd } from './in-tftpd.ts'
import type { OldServer } from './run-old.ts'

const USER = 1000
const ROOT = 0

function hpa(line: string, uid = USER): OldServer {
  return usable(readInTftpd(line.split(' '), uid))
}

function atftpd(line: string, uid = USER): OldServer {
  return usable(readAtftpd(line === '' ? [] : line.split(' '), uid))
}

/** Every setting is one of `serve`, and together they are a configuration. */
function usable(old: OldServer): OldServer {
  const keys = SETTINGS.map(({ key }) => key)
  for (const key of Object.keys(old.values)) expect(keys).toContain(key)
  const { server } = serveSettings(old.values)
  parseConfig({ ...server, ...(old.content === undefined ? {} : { content: old.content }) })
  return old
}

describe('in.tftpd', () => {
  test('without flags: inetd, existing public files, any name below the directory', () => {
    expect(hpa('/srv/tftp')).toEqual({
      program: 'in.tftpd',
      values: {
        'log-format': 'syslog',
        'log-level': 'warn',
        uploads: 'existing',
        'public-only': true,
        'exit-idle': 900,
        umask: '000',
      },
      content: {
        type: 'path',
        path: '/srv/tftp',
        names: { map: { file: 'the directories of in.tftpd', text: '~a (^/srv/tftp/)\nr ^/srv/tftp/+\n' } },
      },
      isStandalone: false,
      isDaemon: false,
      remarks: [],
    })
  })

  test('as Debian starts it', () => {
    const { values, isStandalone, isDaemon, content } = hpa(
      '--listen --user tftp --address :69 --secure /srv/tftp',
      ROOT,
    )
    expect(values).toMatchObject({ port: 69, user: 'tftp', path: '/srv/tftp' })
    expect({ isStandalone, isDaemon, content }).toEqual({ isStandalone: true, isDaemon: true, content: undefined })
  })

  test.each<[string, object]>([
    ['-4 -l -s /a', { host: ['0.0.0.0'], port: 69 }],
    ['-6 -l -s /a', { host: ['::'], port: 69 }],
    ['--ipv4 --listen -s /a', { host: ['0.0.0.0'] }],
    ['-l -a 10.0.0.1 -s /a', { host: ['10.0.0.1'], port: 69 }],
    ['-l -a :6900 -s /a', { port: 6900 }],
    ['-l -a [::1]:6900 -s /a', { host: ['::1'], port: 6900 }],
    ['-l -a 10.0.0.1:tftp -a [::1] -s /a', { host: ['10.0.0.1', '::1'], port: 69 }],
    ['-l -S 6900 -s /a', { port: 6900 }],
    ['-c -s /a', { uploads: 'overwrite' }],
    ['--create -s /a', { uploads: 'overwrite' }],
    ['-s /a', { path: '/a' }],
    ['/a --secure', { path: '/a' }],
    ['-u tftp -s /a', { user: 'tftp' }],
    ['--user=tftp -s /a', { user: 'tftp' }],
    ['-U 027 -s /a', { umask: '027' }],
    ['-l -P /run/x.pid -s /a', { pidfile: '/run/x.pid' }],
    ['-t 30 -s /a', { 'exit-idle': 30 }],
    ['-T 250000 -s /a', { rto: 250 }],
    ['--retransmit 255000000 -s /a', { rto: 60_000 }],
    ['-m /etc/map -s /a', { map: '/etc/map' }],
    ['-v -s /a', { 'log-level': 'info' }],
    ['-vvv -s /a', { 'log-level': 'debug' }],
    ['--verbosity 7 -s /a', { 'log-level': 'debug' }],
    ['-r blksize -r TSIZE -s /a', { refuse: ['blksize', 'tsize'] }],
    ['--blocksize 1468 -s /a', { 'max-blksize': 1468 }],
    ['-B1468 -s /a', { 'max-blksize': 1468 }],
    ['-W 0 -s /a', { 'max-windowsize': 1 }],
    ['--window-bytes 65536 -s /a', { 'max-window-bytes': 65_536 }],
    ['--window-bytes 1 -s /a', { 'max-window-bytes': 8 }],
    ['-R 4096:32760 -s /a', { 'port-range': '4096:32760' }],
    ['--port-r 4096:32760 -s /a', { 'port-range': '4096:32760' }],
    ['--stderr -s /a', { 'log-format': 'pretty' }],
    ['--allow 203.0.113.0/24 -s /a', { allow: ['203.0.113.0/24'] }],
    ['-lvsBc 1468 /a'.replace('Bc 1468', 'cB 1468'), { 'max-blksize': 1468, uploads: 'overwrite', path: '/a' }],
  ])('%s', (line, values) => expect(hpa(line).values).toMatchObject(values))

  test.each<[string, readonly string[]]>([
    ['-p -s /a', ['public-only', 'umask']],
    ['-t 0 -s /a', ['exit-idle']],
    ['-l -t 30 -s /a', ['exit-idle']],
    ['-P /run/x.pid -s /a', ['pidfile']],
    ['--window-bytes 0 -s /a', ['max-window-bytes']],
    ['-s /a', ['user']],
  ])('%s leaves out %j', (line, keys) => {
    for (const key of keys) expect(hpa(line).values).not.toHaveProperty(key)
  })

  test.each<[string, boolean, boolean]>([
    ['-l -s /a', true, true],
    ['-L -s /a', true, false],
    ['-lL -s /a', true, false],
    ['-a :69 -s /a', true, true],
    ['--systemd -s /a', false, false],
    ['-s /a', false, false],
  ])('%s: standalone %s, in the background %s', (line, isStandalone, isDaemon) => {
    expect(hpa(line)).toMatchObject({ isStandalone, isDaemon })
  })

  test('--map-steps: another bound than ours has no effect, and that is said', () => {
    expect(hpa('--map-steps 4096 -s /a').remarks).toEqual([])
    expect(hpa('--map-steps 10 -s /a').remarks).toMatchObject([expect.stringMatching(/has no effect: .*4096 steps/)])
  })

  test('--map-test prints what becomes of names', async () => {
    const folder = tempFolder()
    const [map, names] = [join(folder, 'map'), join(folder, 'names')]
    writeFileSync(map, 'rG ^get/ read/\nrP ^get/ write/\nr6 ^six$ v6\na ^secret\n')
    writeFileSync(names, 'get/a\r\nsix\nsecret\n\nplain\n')
    const ran = await command('in.tftpd', '--map-test', names, '-m', map)
    expect(ran).toMatchObject({ code: 0, stdout: 'read/a\nsix\nplain\n' })
    expect(ran.stderr).toMatch(/^in\.tftpd: "?secret"?: [^\n]+\n$/)
    expect((await command('in.tftpd', '-6', '-c', '--map-test', names, '-m', map)).stdout).toBe('write/a\nv6\nplain\n')
    expect(await command('in.tftpd', '--map-test', names)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/-m FILE/),
    })
    expect(await command('in.tftpd', '--map-test', '/nowhere', '-m', map)).toMatchObject({ code: 2 })
  })

  test('root becomes nobody', () => expect(hpa('-s /a', ROOT).values.user).toBe('nobody'))

  test('several directories without -s: names begin with one of them', () => {
    const { content } = hpa('/srv/tftp /srv/more+x')
    expect(content).toMatchObject({
      path: '/srv',
      names: { map: { text: '~a (^/srv/tftp/|^/srv/more\\+x/)\nr ^/srv/+\n' } },
    })
    expect(hpa('/').content).toMatchObject({ path: '/', names: { map: { text: '~a (^/)\nr ^/+\n' } } })
  })

  test.each<[string, RegExp]>([
    ['-s', /name the directory/],
    ['-s /a /b', /exactly one directory/],
    ['-x -s /a', /unknown option -x/],
    ['--frobnicate -s /a', /unknown option --frobnicate/],
    ['--ver -s /a', /ambiguous option --ver/],
    ['-B 100 -s /a', /-B takes a number from 512 to 65464, not 100/],
    ['-T 1 -s /a', /-T takes a number from 10000/],
    ['-R 5 -s /a', /-R takes two ports/],
    ['-r colour -s /a', /unknown option to refuse: colour/],
    ['-a fe80::1 -s /a', /IPv6 needs brackets/],
    ['-a :1 -a :2 -s /a', /same port/],
    ['-U 9 -s /a', /octal/],
    ['-m /etc/map /a', /-m works together with -s/],
    ['-s /a -u', /-u needs a value/],
  ])('%s is refused', (line, reason) => expect(() => readInTftpd(line.split(' '), USER)).toThrow(reason))

  test('-V prints what it is', async () => {
    expect(await command('in.tftpd', '-V')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^foresend .* in\.tftpd, with remap\n$/),
    })
  })

  test('a mistake is one line', async () => {
    const ran = await command('in.tftpd', '-s', '/a', '-B', '1')
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toMatch(/^foresend: in\.tftpd: -B [^\n]*\n$/)
  })
})

describe('atftpd', () => {
  test('without flags: inetd, /tftpboot', () => {
    expect(atftpd('')).toEqual({
      program: 'atftpd',
      values: {
        path: '/tftpboot',
        uploads: 'overwrite',
        'log-format': 'syslog',
        'log-level': 'info',
        'exit-idle': 300,
        multicast: '239.255.0.0-255',
      },
      isStandalone: false,
      isDaemon: false,
      remarks: [],
    })
  })

  test('as Debian starts it', () => {
    const line =
      '--daemon --no-fork --tftpd-timeout 300 --retry-timeout 5 --mcast-port 1758 --mcast-addr 239.239.239.0-255 ' +
      '--mcast-ttl 1 --maxthread 100 --verbose=5 /srv/tftp'
    const { values, isStandalone, isDaemon, remarks } = atftpd(line, ROOT)
    expect(values).toEqual({
      path: '/srv/tftp',
      uploads: 'overwrite',
      'log-format': 'syslog',
      'log-level': 'info',
      user: 'nobody:nogroup',
      port: 69,
      rto: 5000,
      'max-transfers': 100,
      multicast: '239.239.239.0-255',
      'multicast-ports': '1758',
      'multicast-ttl': 1,
    })
    expect({ isStandalone, isDaemon }).toEqual({ isStandalone: true, isDaemon: false })
    expect(remarks).toEqual([])
  })

  test.each<[string, object]>([
    ['-t 10 /a', { 'exit-idle': 10 }],
    ['-r 2 /a', { rto: 2000 }],
    ['-m 7 /a', { 'max-transfers': 7 }],
    ['-v /a', { 'log-level': 'info' }],
    ['-v -v /a', { 'log-level': 'debug' }],
    ['--verbose=4 /a', { 'log-level': 'warn' }],
    ['-v3 /a', { 'log-level': 'error' }],
    ['--no-timeout --no-tsize --no-blksize /a', { refuse: ['timeout', 'tsize', 'blksize'] }],
    ['--no-windowsize --no-multicast /a', { refuse: ['windowsize', 'multicast'] }],
    ['--mcast-addr 239.255.0.0-31,128-132,200 /a', { multicast: '239.255.0.0-31,128-132,200' }],
    ['--mcast-port 1758-2000,8000-9000 /a', { 'multicast-ports': '1758-2000,8000-9000' }],
    ['--mcast-ttl 5 --mcast-switch-client /a', { 'multicast-ttl': 5, 'multicast-switch': true }],
    ['--logfile /var/log/x /a', { 'log-format': 'pretty', 'log-file': '/var/log/x' }],
    ['--logfile - /a', { 'log-format': 'pretty' }],
    ['--daemon --pidfile /run/x /a', { pidfile: '/run/x' }],
    ['--user tftp.boot /a', { user: 'tftp:boot' }],
    ['--user tftp --group boot /a', { user: 'tftp:boot' }],
    ['--user tftp /a', { user: 'tftp' }],
    ['--daemon --port 6900 --bind-address 10.0.0.1 /a', { port: 6900, host: ['10.0.0.1'] }],
    ['--pcre /etc/pcre /a', { pcre: '/etc/pcre' }],
    ['--prevent-sas --trace /a', { path: '/a' }],
  ])('%s', (line, values) => expect(atftpd(line).values).toMatchObject(values))

  test('--no-multicast: no group, whatever else is said of it', () => {
    const { values } = atftpd('--no-multicast --mcast-ttl 5 --mcast-switch-client /a')
    expect(Object.keys(values).filter((key) => key.startsWith('multicast'))).toEqual([])
  })

  test.each(['--mtftp x', '--mtftp-port 1', '--no-source-port-checking'])(
    '%s has no effect, and that is said',
    (line) => expect(atftpd(`${line} /a`).remarks).toMatchObject([expect.stringMatching(/has no effect: /)]),
  )

  test.each<[string, RegExp]>([
    ['/a /b', /one directory/],
    ['--pcre-test x /a', /config map-test/],
    ['-r 0 /a', /--retry-timeout takes a number/],
    ['--mcast-addr 10.0.0.0-5 /a', /--mcast-addr takes multicast addresses/],
    ['--mcast-port 0 /a', /--mcast-port takes ports/],
    ['--mcast-ttl 256 /a', /--mcast-ttl takes a number from 1 to 255/],
    ['--daemon=1 /a', /takes no value/],
  ])('%s is refused', (line, reason) => expect(() => readAtftpd(line.split(' '), USER)).toThrow(reason))

  test('-V and --help', async () => {
    expect((await command('atftpd', '-V')).stdout).toMatch(/as atftpd\n$/)
    for (const [program, flag] of [
      ['atftpd', /^  --no-blksize$/m],
      ['in.tftpd', /^  -R, --port-range, --ports VALUE$/m],
    ] as const) {
      const page = await command(program, '--help')
      expect(page).toMatchObject({ code: 0, stderr: '' })
      expect(page.stdout).toMatch(flag)
    }
  })

  test('without a socket it says how to get one', async () => {
    const ran = await command('atftpd', '/srv/tftp')
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringMatching(/no socket was handed to it.*--daemon/) })
  })
})

test('behind -- all are words', () => {
  expect(getopt('x', [{ name: 'a', letter: 'a', value: 'none' }], ['-a', '--', '-a', '-'])).toEqual({
    options: [{ name: 'a', value: '' }],
    words: ['-a', '-'],
  })
})
