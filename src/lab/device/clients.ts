/**
 * Every client model by name, with its parameters. Adding a client is one file in `lab/client/` and one row here.
 */
import type { ClientConfig } from '../client/client.ts'
import { curlClient } from '../client/curl.ts'
import { edk2Client } from '../client/edk2.ts'
import { grubClient } from '../client/grub.ts'
import { ipxeClient } from '../client/ipxe.ts'
import { lwipClient } from '../client/lwip.ts'
import { rpi4RomClient } from '../client/rpi4-rom.ts'
import { strictClient } from '../client/strict.ts'
import { uboot113, uboot2008 } from '../client/uboot-classic.ts'
import { uboot2020, uboot2023 } from '../client/uboot-window.ts'
import { WindowClient } from '../client/window-client.ts'
import type { Parameter, Values } from '../fault/catalogue.ts'
import { CLIENT_BLKSIZE, CLIENT_WINDOWSIZE, InitiatorNode } from '../initiator-node.ts'
import type { ReceivingNode } from '../node.ts'

export interface ClientRow {
  readonly about: string
  readonly parameters: Readonly<Record<string, Parameter>>
  /** `values` holds every parameter of the row. */
  make(config: ClientConfig, values: Values): ReceivingNode
}

const blksize = (usual: number): { blksize: Parameter } => ({
  blksize: { min: 8, max: 65_464, usual, about: 'bytes in a block that it asks for', whole: true },
})
const timeoutMs = (usual: number): { timeoutMs: Parameter } => ({
  timeoutMs: { min: 1, max: 255_000, usual, about: 'milliseconds of its own timer' },
})
const windowsize = (usual: number): { windowsize: Parameter } => ({
  windowsize: {
    min: 1,
    max: 65_535,
    usual,
    about: 'blocks in a window that it asks for; 1 is not asked for',
    whole: true,
  },
})
const flag = (usual: 0 | 1, about: string): Parameter => ({
  min: 0,
  max: 1,
  usual,
  about: `${about}: 0 or 1`,
  whole: true,
})
const serial = (usual: number): Record<'consoleCharsPerRepeat' | 'baud', Parameter> => ({
  consoleCharsPerRepeat: {
    min: 0,
    max: 10_000,
    usual,
    about: 'characters that it prints for each repeat it ignores',
    whole: true,
  },
  baud: { min: 300, max: 10_000_000, usual: 115_200, about: 'speed of its serial console' },
})
const dally = { dallyMs: { min: 0, max: 60_000, usual: 3000, about: 'milliseconds that it stays after its last ACK' } }

/** What it takes for granted is not asked for. */
const asked = (value: number, plain: number, name: string): object => (value === plain ? {} : { [name]: value })
const uboot = ({ blksize, tsize, ...rest }: Values): object => ({
  ...asked(blksize, 512, 'blksize'),
  tsize: tsize === 1,
  ...rest,
})

const TABLE = {
  strict: {
    about: 'RFC 1350 to the letter: acknowledges repeats, ignores what runs ahead',
    parameters: { ...blksize(512), ...timeoutMs(5000), ...dally },
    make: (config, { blksize, ...rest }) => strictClient({ ...config, ...asked(blksize, 512, 'blksize'), ...rest }),
  },
  'uboot-1.1.3': {
    about: 'U-Boot 1.1.x and vendor forks: stores any block, ignores a repeat without an answer, ten timeouts in all',
    parameters: { ...blksize(512), tsize: flag(0, 'asks for the size'), ...timeoutMs(1000), ...serial(33) },
    make: (config, values) => uboot113({ ...config, ...uboot(values) }),
  },
  'uboot-2008': {
    about: 'U-Boot 2008 to 2020.07: the same without console output, and with an answer to errors',
    parameters: { ...blksize(1468), tsize: flag(0, 'asks for the size'), ...timeoutMs(5000), ...serial(0) },
    make: (config, values) => uboot2008({ ...config, ...uboot(values) }),
  },
  'uboot-2020': {
    about: 'U-Boot 2020.10 to 2023.01: in order, one ACK for whatever it does not expect',
    parameters: { ...blksize(1468), tsize: flag(0, 'asks for the size'), ...windowsize(1), ...timeoutMs(5000) },
    make: (config, { tsize, ...rest }) => uboot2020({ ...config, tsize: tsize === 1, ...rest }),
  },
  'uboot-2023': {
    about: 'U-Boot 2023.04 on: in order, silent on repeats',
    parameters: { ...blksize(1468), tsize: flag(0, 'asks for the size'), ...windowsize(1), ...timeoutMs(5000) },
    make: (config, { tsize, ...rest }) => uboot2023({ ...config, tsize: tsize === 1, ...rest }),
  },
  lwip: {
    about: 'lwIP and U-Boot on lwIP: repeats nothing of its own accord, ERROR 5 for what runs ahead',
    parameters: { ...blksize(1468), ...timeoutMs(10_000) },
    make: (config, values) => lwipClient({ ...config, ...values }),
  },
  ipxe: {
    about: 'iPXE: stores any block, each ACK names the first gap',
    parameters: blksize(1432),
    make: (config, values) => ipxeClient({ ...config, ...values }),
  },
  grub: {
    about: 'GRUB 2: needs an OACK, ignores what runs ahead, never repeats an ACK of its own accord',
    parameters: blksize(1024),
    make: (config, values) => grubClient({ ...config, ...values }),
  },
  edk2: {
    about: 'EDK2 (UEFI PXE): an ACK for every packet that it does not expect',
    parameters: { ...blksize(1468), ...windowsize(4), probe: flag(0, 'asks for the size first'), ...timeoutMs(4000) },
    make: (config, { probe, ...rest }) => edk2Client({ ...config, probe: probe === 1, ...rest }),
  },
  curl: {
    about: 'curl: acknowledges a repeat, waits six seconds',
    parameters: { ...blksize(512), ...timeoutMs(6000) },
    make: (config, values) => curlClient({ ...config, ...values }),
  },
  'rpi4-rom': {
    about: 'Raspberry Pi 4 ROM: counts a repeat as the next block',
    parameters: { ...blksize(1024), ...timeoutMs(1000) },
    make: (config, values) => rpi4RomClient({ ...config, ...values }),
  },
  window: {
    about: 'RFC 7440: in order, an ACK at the end of each window and for a gap',
    parameters: { ...blksize(512), ...windowsize(16), ...timeoutMs(1000), ...dally },
    make: (config, { blksize, windowsize, ...rest }) =>
      new WindowClient({ ...config, windowsize, ...asked(blksize, 512, 'blksize'), ...rest }),
  },
  'foresend-get': {
    about: 'foresend get: the real client',
    parameters: { ...blksize(CLIENT_BLKSIZE), ...windowsize(CLIENT_WINDOWSIZE) },
    make: (config, values) => new InitiatorNode({ direction: 'read', ...config, ...values }),
  },
} satisfies Record<string, ClientRow>

export type ClientName = keyof typeof TABLE

export const CLIENTS: Readonly<Record<ClientName, ClientRow>> = TABLE
