/** Files of other servers, as their programs and packages write them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { command } from '../../../../test/support/command.ts'
import { tempFolder } from '../../../../test/support/temp-folder.ts'
import { checkConfigText } from '../read-file.ts'
import { decoded } from './decode.ts'
import { importedText, importFiles, type Kind, remarkText } from './import.ts'
import { wordsOf } from './shell.ts'

/** What becomes of a file with this text, which our own reader must take. */
function imported(text: string | Buffer, kind?: Kind): { values: object; remarks: string[] } {
  const file = join(tempFolder(), 'file')
  writeFileSync(file, text)
  const result = importFiles([file], kind)
  const written = checkConfigText(importedText([file], result), '/f.toml')
  expect(written.problems).toEqual([])
  return { values: result.values, remarks: result.remarks.map((remark) => remarkText(remark).replace(`${file}`, 'f')) }
}

const TFTPD32 = `[DHCP]
IP_Pool=192.168.1.50
PoolSize=0
BootFile=
Lease (minutes)=2880
[TFTPD32]
BaseDirectory=C:\\Überträge
TftpPort=69
Hide=0
WinSize=4096
Negociate=1
PXECompatibility=0
DirText=1
ShowProgressBar=1
Timeout=3
MaxRetransmit=6
SecurityLevel=1
UnixStrings=1
Beep=1
VirtualRoot=1
MD5=1
LocalIP=192.168.1.1
Services=15
TftpLogFile=
SaveSyslogFile=
PipeSyslogMsg=0
LowestUDPPort=50000
HighestUDPPort=50100
MulticastPort=0
MulticastAddress=
Max Simultaneous Transfers=100
UseEventLog=0
Console Password=tftpd32
Support for port Option=1
Keep transfer Gui=5
Ignore ack for last TFTP packet=0
Enable IPv6=1
Reduce TFTP Path=0
`.replaceAll('\n', '\r\n')

const VALUES = {
  path: 'C:\\Überträge',
  port: 69,
  anticipation: 4096,
  listing: 'dir.txt',
  uploads: 'overwrite',
  digests: ['md5'],
  host: ['192.168.1.1'],
  'port-range': '50000:50100',
  'max-transfers': 100,
}

describe('Tftpd32 and Tftpd64', () => {
  test.each<[string, Buffer]>([
    ['Windows-1252', Buffer.from(TFTPD32, 'latin1')],
    ['UTF-16LE with its mark', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(TFTPD32, 'utf16le')])],
    ['UTF-8', Buffer.from(TFTPD32)],
  ])('tftpd32.ini in %s', (_, bytes) => {
    const { values, remarks } = imported(bytes)
    expect(values).toEqual(VALUES)
    expect(remarks).toEqual([
      'f:2: IP_Pool: [DHCP] is not carried over: foresend serve is a TFTP server only',
      'f:5: Lease (minutes): [DHCP] is not carried over: foresend serve is a TFTP server only',
      'f:15: Timeout: timers follow the round trips that are measured; rto fixes the least one',
      expect.stringMatching(/^f:16: MaxRetransmit: /),
      expect.stringMatching(/^f:19: Beep: /),
      expect.stringMatching(/^f:34: Support for port Option: /),
    ])
  })

  test('the registry', () => {
    const text =
      'Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\TFTPD32]\r\n' +
      '"BaseDirectory"="C:\\\\tftp"\r\n"TftpPort"=dword:00000045\r\n"SecurityLevel"=dword:00000003\r\n'
    expect(imported(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]))).toEqual({
      values: { path: 'C:\\tftp', port: 69 },
      remarks: [],
    })
  })

  test.each<[string, object, RegExp | undefined]>([
    ['SecurityLevel=2', {}, /fill empty files/],
    ['SecurityLevel=0', { uploads: 'overwrite' }, undefined],
    ['Negociate=0', { refuse: expect.arrayContaining(['blksize', 'tsize', 'windowsize']) }, undefined],
    ['LocalIP=Ethernet', {}, /network card/],
    ['Enable IPv6=0', { host: ['0.0.0.0'] }, undefined],
    ['Services=2', {}, /switched off/],
    ['Unheard=1', {}, /not known/],
  ])('%s', (line, values, remark) => {
    const result = imported(`[TFTPD32]\n${line}\n`)
    expect(result.values).toEqual(values)
    if (remark === undefined) expect(result.remarks).toEqual([])
    else expect(result.remarks.join()).toMatch(remark)
  })

  test('PXE compatibility leaves tsize alone', () => {
    const { values } = imported('[TFTPD32]\nNegociate=0\nPXECompatibility=1\n')
    expect((values as { refuse: string[] }).refuse).not.toContain('tsize')
  })
})

describe('/etc/default', () => {
  test('tftpd-hpa as Debian ships it', () => {
    const text =
      '# comment\nTFTP_USERNAME="tftp"\nTFTP_DIRECTORY="/srv/tftp"\nTFTP_ADDRESS=":69"\nTFTP_OPTIONS="--secure"\n'
    const { values, remarks } = imported(text)
    expect(remarks).toEqual([])
    expect(values).toMatchObject({
      path: '/srv/tftp',
      port: 69,
      user: 'tftp',
      uploads: 'existing',
      'public-only': true,
    })
  })

  test('tftpd-hpa with more, and without --secure', () => {
    const text = `TFTP_ADDRESS='10.0.0.1:6900'\nTFTP_OPTIONS="-c -r blksize -B 1468"\nTFTP_DIRECTORY=/srv/tftp\nEXTRA=1\n`
    const { values, remarks } = imported(text)
    expect(values).toMatchObject({
      host: ['10.0.0.1'],
      port: 6900,
      refuse: ['blksize'],
      'max-blksize': 1468,
      path: '/srv/tftp',
    })
    expect(remarks).toEqual([
      expect.stringMatching(/^f:4: EXTRA: /),
      expect.stringMatching(/^f:2: no --secure: .*whole paths/),
    ])
  })

  test('atftpd as Debian writes it', () => {
    const text = `## comment\nUSE_INETD=false\n# OPTIONS below are used only with init script\nOPTIONS="--tftpd-timeout 300 --retry-timeout 5 --mcast-port 1758 --maxthread 100 --verbose=5 /srv/tftp"\n`
    const { values, remarks } = imported(text)
    expect(values).toMatchObject({ path: '/srv/tftp', port: 69, rto: 5000, 'max-transfers': 100, uploads: 'overwrite' })
    expect(remarks).toEqual([])
  })

  test.each<[string, RegExp]>([
    ['TFTP_OPTIONS="$(cat /etc/passwd)"', /:1: \$ is replaced by a shell/],
    ['TFTP_OPTIONS=`id`', /:1: ` is replaced by a shell/],
    ['TFTP_OPTIONS="-s', /:1: the quote " does not end/],
    ['TFTP_OPTIONS=-s reboot', /:1: a command behind an assignment/],
    ['TFTP_OPTIONS="-s"\nrm -rf x', /:2: this is no assignment/],
    ['TFTP_OPTIONS="-s"\nTFTP_DIRECTORY="/srv/my files"', /TFTP_DIRECTORY: with a space in it.*2 folders/],
    ['TFTP_OPTIONS="--frobnicate"\nTFTP_DIRECTORY=/a', /unknown option --frobnicate/],
  ])('%j is refused with its line', (text, reason) => expect(() => imported(text, 'tftpd-hpa')).toThrow(reason))

  test.each<[string, string[]]>([
    [`a 'b c'"d e"f \\g # h`, ['a', 'b cd ef', 'g']],
    [`"" ''`, ['', '']],
    [`"a\\"b" 'it''s' "'"`, ['a"b', 'its', "'"]],
    ['a#b', ['a#b']],
  ])('words of %s', (text, words) => expect(wordsOf(text, 'x')).toEqual(words))
})

describe('dnsmasq', () => {
  test('what is about TFTP, from all files; the rest is named', () => {
    const folder = tempFolder()
    const file = join(folder, 'dnsmasq.conf')
    mkdirSync(join(folder, 'd'))
    writeFileSync(
      file,
      `# comment\nport=0\nenable-tftp # here\ntftp-root=/srv/tftp\ntftp-root=/srv/lab,eth7\nconf-dir=${folder}/d,*.conf\nconf-file=${file}\n`,
    )
    writeFileSync(join(folder, 'd', 'b.conf'), 'tftp-max=20\ntftp-mtu=1500\ntftp-port-range=50000,50100\ntftp-secure\n')
    writeFileSync(join(folder, 'd', 'a.conf'), 'dhcp-boot=tag:efi,grub.efi\ntftp-unique-root=mac\ntftp-no-blocksize\n')
    writeFileSync(join(folder, 'd', 'c.conf.bak'), 'tftp-max=1\n')
    const { values, remarks } = importFiles([file])
    expect(values).toEqual({
      path: '/srv/tftp',
      'max-transfers': 20,
      'max-blksize': 1468,
      'port-range': '50000:50100',
      'public-only': true,
      'unique-root': 'mac-then-root',
      refuse: ['blksize'],
    })
    expect(remarks.map((remark) => remarkText(remark).replaceAll(folder, ''))).toEqual([
      '/dnsmasq.conf:2: port: it is not about TFTP: it stays with dnsmasq',
      expect.stringMatching(/^\/dnsmasq\.conf:5: tftp-root: a folder for one network card \(eth7\)/),
      expect.stringMatching(/^\/d\/a\.conf:1: dhcp-boot: addresses and boot information stay with dnsmasq/),
      expect.stringMatching(/^\/d\/b\.conf:4: tftp-secure: only files that every user may read/),
    ])
  })

  test('files that are not on this machine are named, and the rest is carried over', () => {
    const { values, remarks } = imported(
      'enable-tftp\nconf-file=/no/such.conf\ntftp-root=/a\nconf-dir=/no/dir,*.conf\n',
    )
    expect(values).toEqual({ path: '/a' })
    expect(remarks).toEqual([
      expect.stringMatching(/^f:2: conf-file: \/no\/such\.conf is not here/),
      expect.stringMatching(/^f:4: conf-dir: \/no\/dir,\*\.conf is not here/),
    ])
  })

  test('network cards become their addresses', () => {
    const [name, addresses] = Object.entries(networkInterfaces())[0]
    expect(imported(`enable-tftp=${name}\n`).values).toEqual({ host: addresses?.map(({ address }) => address) })
    expect(imported('enable-tftp=nic77\n').remarks).toEqual([expect.stringMatching(/no network card nic77/)])
  })

  test('one without TFTP', () => {
    expect(imported('dhcp-range=10.0.0.1,10.0.0.9\n').remarks.at(-1)).toMatch(/^f: enable-tftp: it is not set/)
  })
})

test('a file of no known server', () => expect(() => imported('hello\n')).toThrow(/no server that is known.*--from/))

test('bytes that are no UTF-8 are those of Windows', () => expect(decoded(Uint8Array.of(0x80, 0xe4))).toBe('€ä'))

test('the command writes a file that check takes, and says what is left', async () => {
  const folder = tempFolder()
  const file = join(folder, 'tftpd-hpa')
  writeFileSync(file, `TFTP_DIRECTORY="${folder}"\nTFTP_OPTIONS="--secure"\nX=1\n`)
  const output = join(folder, 'foresend.toml')
  const ran = await command('config', 'import', file, '-o', output)
  expect(ran).toMatchObject({ code: 0, stderr: `foresend: ${file}:3: X: it has no meaning for the server\n` })
  expect((await command('config', 'check', output)).stdout).toBe(`${output}: good\n`)
  expect(await command('config', 'import', file, '-o', output)).toMatchObject({ code: 2 })
  expect((await command('config', 'import', file)).stdout).toContain('# Not carried over:')
})
