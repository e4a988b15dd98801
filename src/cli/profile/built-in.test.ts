/** The profiles that come with the package: against the lab's models, and against requests as real devices sent them. */
import { describe, expect, test } from 'vitest'
import { defaultStateFolder, loadProfiles, loadVendors } from '../../content/profile-files.ts'
import { parseProfile, profileText } from '../../content/profile-schema.ts'
import { DEVICES } from '../../lab/index.ts'
import { type Match, matchProfiles, type Seen } from '../../profile/match.ts'
import { behaviourOfDevice, requestOfDevice } from './lab-device.ts'
import { readRequest } from './read-request.ts'

const { all, skipped } = loadProfiles('/nowhere')
const profiles = [...all.values()].map(({ profile }) => profile)
const withLab = profiles.flatMap((profile) => profile.lab.map((name) => ({ name, profile })))

/** Models of no device in particular. */
const GENERIC = ['window-16', 'industruino']

function namesOf(matches: readonly Match[]): string[] {
  return matches.map(({ profile }) => profile.name)
}

test('each file is whole, and is read back as it was written', () => {
  expect(skipped).toEqual([])
  expect(profiles.length).toBeGreaterThanOrEqual(25)
  for (const profile of profiles) {
    expect(Object.keys(profile.sources).length, profile.name).toBeGreaterThan(0)
    expect(parseProfile(profileText(profile), 'x'), profile.name).toEqual(profile)
  }
})

test('each device of the lab belongs to one profile, but for the generic ones', () => {
  const named = withLab.map(({ name }) => name)
  expect([...named, ...GENERIC].sort()).toEqual(Object.keys(DEVICES).sort())
})

test('each maker with a table of prefixes is named by a profile', () => {
  const named = new Set(profiles.flatMap(({ vendors }) => vendors))
  expect(loadVendors().filter(({ name }) => !named.has(name))).toEqual([])
})

describe.each(withLab)('$name of the lab is $profile.name', ({ name, profile }) => {
  const device = DEVICES[name]
  const request = requestOfDevice(device)

  test('by its request: first, or level with those that send the same', () => {
    const [first, ...others] = matchProfiles({ request }, profiles)
    const level = [first, ...others.filter(({ bits }) => bits === first.bits)]
    expect(namesOf(level)).toContain(profile.name)
  })

  test('by its request and what it does: alone in the first place', () => {
    const [first, second] = matchProfiles({ request, behaviour: behaviourOfDevice(device) }, profiles)
    expect(first.profile.name).toBe(profile.name)
    expect(first.bits).toBeGreaterThan(second?.bits ?? 0)
  })

  test('does what the profile says', () => {
    const { source: _, ...behaviour } = profile.behaviour!
    expect(behaviourOfDevice(device)).toMatchObject(behaviour)
  })
})

describe('requests as real devices sent them', () => {
  test.each<[string, string, Omit<Seen, 'request'>?]>([
    ['RRQ "ArcherC7v2_tp_recovery.bin" octet timeout 3', 'tplink-recovery'],
    ['RRQ "ArcherC2V1_tp_recovery.bin" octet timeout 1', 'tplink-recovery'],
    ['RRQ "test.bin" octet timeout 1', 'uboot-1.1'],
    ['RRQ "C0A80001.img" octet timeout 5', 'uboot-1.1'],
    ['RRQ "d9780558/start.elf" octet tsize 0 blksize 1024', 'raspberry-pi-4'],
    ['RRQ "fixup.dat" octet tsize=0', 'raspberry-pi-3'],
    ['RRQ "89eb9bb9/kernel7.img" octet tsize=0', 'raspberry-pi-3', { vendor: 'Raspberry Pi' }],
    ['192.168.0.12.2070 > 192.168.0.2.tftp:  27 RRQ "pxelinux.0" octet tsize 0', 'intel-pxe-rom'],
    ['192.168.0.12.2071 > 192.168.0.2.tftp:  32 RRQ "pxelinux.0" octet blksize 1456', 'intel-pxe-rom'],
    ['RRQ "pxelinux.cfg/01-00-30-48-60-f3-ca" octet tsize 0 blksize 1408', 'pxelinux'],
    ['RRQ "initrd.gz" octet tsize 0 blksize 1408', 'pxelinux'],
    ['RRQ "shimx64.efi" octet tsize=0 blksize=1468', 'edk2-pxe'],
    ['RRQ "shimx64.efi" octet blksize=1468', 'edk2-pxe'],
    ['RRQ "ipxe.efi" octet blksize=1468 windowsize=4', 'edk2-pxe'],
    ['RRQ "boot.ipxe" octet blksize 1432 tsize 0', 'ipxe'],
    ['RRQ "boot.ipxe" octet blksize=1432 tsize=0 multicast=', 'ipxe'],
    ['RRQ "/boot/grub/grub.cfg" octet blksize=1024 tsize=0', 'grub2'],
    ['RRQ "a.bin" octet tsize=0 blksize=512 timeout=6', 'curl'],
    ['WRQ "a.bin" octet tsize=70000 blksize=512 timeout=6', 'curl'],
    ['RRQ "SEP00270DC01C92.cnf.xml" octet', 'cisco-ip-phone'],
    ['RRQ "\\Boot\\BCD" octet tsize=0 blksize=1456 windowsize=4', 'windows-bootmgr'],
    ['RRQ "linux.trx-recovery" octet timeout=5', 'buffalo-recovery'],
    ['RRQ "recovery.bin" octet timeout=5 blksize=1468', 'cudy-recovery', { vendor: 'Cudy' }],
    ['RRQ "network-confg" octet', 'cisco-ios'],
  ])('%s is %s', (text, name, more = {}) => {
    const { request, port } = readRequest(text)
    const ports =
      port === undefined ? {} : { ports: { lowest: port, highest: port, successive: undefined, repeats: undefined } }
    const [first] = matchProfiles({ request, ...ports, ...more }, profiles)
    expect(first?.profile.name).toBe(name)
  })

  test('GRUB has the options of the Raspberry Pi the other way round', () => {
    const of = (text: string): string[] => namesOf(matchProfiles({ request: readRequest(text).request }, profiles))
    expect(of('RRQ "x" octet blksize=1024 tsize=0')).not.toContain('raspberry-pi-4')
    expect(of('RRQ "x" octet tsize=0 blksize=1024')).not.toContain('grub2')
  })

  test('three generations of U-Boot share the confidence of one request', () => {
    const { request } = readRequest('RRQ "uImage" octet timeout=5 blksize=1468')
    const matches = matchProfiles({ request }, profiles)
    expect(namesOf(matches).slice(0, 3).sort()).toEqual(['uboot-2008', 'uboot-2020', 'uboot-2023'])
    for (const { confidence } of matches.slice(0, 3)) expect(confidence).toBeGreaterThan(0.3)
  })
})

test('the state folder is where the system keeps state', () => {
  expect(defaultStateFolder()).toMatch(/foresend$/)
})
