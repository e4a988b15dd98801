/**
 * Every server by name, with the settings that people use it with. Adding one is one file beside this one and one row
 * here. The foreign ones are models; those of Foresend run the real endpoint.
 */
import { atftpd } from './atftpd.ts'
import { dnsmasq } from './dnsmasq.ts'
import { foresend } from './foresend.ts'
import { matkaczmarek } from './matkaczmarek.ts'
import type { ServerModel } from './model.ts'
import { pinAnticipate } from './pin-anticipate.ts'
import { py3tftp } from './py3tftp.ts'
import { pyTftpd } from './pytftpd.ts'
import { rsTftpd } from './rs-tftpd.ts'
import { tftpHpa5 } from './tftp-hpa-5.ts'
import { tftpHpa6 } from './tftp-hpa-6.ts'
import { tftpHpaForks } from './tftp-hpa-forks.ts'
import { tftpd64 } from './tftpd64.ts'

const TABLE = {
  'tftp-hpa-5.2': tftpHpa5(),
  'tftp-hpa-6.0': tftpHpa6(),
  'tftp-hpa-rfc7440': tftpHpaForks(),
  'atftpd-0.8': atftpd(),
  'atftpd-0.8-prevent-sas': atftpd({ preventSas: true }),
  tftpd64: tftpd64(),
  'tftpd64-1000': tftpd64({ windowBytes: 1000 }),
  // Eight blocks of 512.
  'tftpd64-3584': tftpd64({ windowBytes: 3584 }),
  pytftpd: pyTftpd(),
  'pytftpd-2': pyTftpd({ windowBlocks: 2 }),
  py3tftp: py3tftp(),
  matkaczmarek: matkaczmarek(),
  'rs-tftpd': rsTftpd(),
  'rs-tftpd-2-copies': rsTftpd({ copies: 2 }),
  dnsmasq: dnsmasq(),
  'pin-anticipate-2': pinAnticipate(),
  foresend: foresend({ window: 'auto' }),
  'foresend-strict': foresend({ window: 'strict' }),
  'foresend-lock-step': foresend({ window: 1 }),
  'foresend-window-2': foresend({ window: 2 }),
  'foresend-window-3': foresend({ window: 3 }),
  'foresend-window-8': foresend({ window: 8 }),
  'foresend-copies-2': foresend({ window: 1, copies: 2, gapMs: 1 }),
  'foresend-window-4-gap': foresend({ window: 4, gapMs: 0.5 }),
} satisfies Record<string, ServerModel>

export type ServerName = keyof typeof TABLE

export const SERVERS: Readonly<Record<ServerName, ServerModel>> = TABLE
