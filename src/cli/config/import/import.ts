/** The equal configuration of another server's file, and what of it could not be carried over. */
import { usageError } from '../../exit.ts'
import type { Values } from '../setting-flags.ts'
import { settingLines } from '../write.ts'
import type { Imported, Remark, Source } from './contract.ts'
import { readSource } from './decode.ts'
import { importAtftpd, importTftpdHpa } from './defaults.ts'
import { importDnsmasq } from './dnsmasq.ts'
import { importTftpd32 } from './tftpd32.ts'

const READERS = {
  tftpd32: importTftpd32,
  'tftpd-hpa': importTftpdHpa,
  atftpd: importAtftpd,
  dnsmasq: importDnsmasq,
} as const satisfies Record<string, (source: Source) => Imported>

export type Kind = keyof typeof READERS
export const KINDS = Object.keys(READERS) as readonly Kind[]

/** All files together; where two say something, the later one counts. `kind` without a guess. Throws ERR_TFTP_USAGE. */
export function importFiles(files: readonly string[], kind?: Kind): Imported {
  let values: Values = {}
  const remarks: Remark[] = []
  for (const file of files) {
    const source = readSource(file)
    const read = READERS[kind ?? kindOf(source)](source)
    values = { ...values, ...read.values }
    remarks.push(...read.remarks)
  }
  return { values, remarks }
}

/** What wrote a file, by what is in it. */
function kindOf({ file, text }: Source): Kind {
  if (/^\s*\[.*TFTPD(32|33|64)\]/im.test(text)) return 'tftpd32'
  if (/^\s*(TFTP_(OPTIONS|DIRECTORY|ADDRESS|USERNAME)|RUN_DAEMON)=/m.test(text)) return 'tftpd-hpa'
  if (/^\s*(USE_INETD|OPTIONS)=/m.test(text)) return 'atftpd'
  if (/^\s*#?\s*(enable-tftp|tftp-root|dhcp-range|conf-dir|conf-file|listen-address)\b/m.test(text)) return 'dnsmasq'
  throw usageError(
    `${file}: this is the file of no server that is known (${KINDS.join(', ')}); --from says which one it is`,
  )
}

/** The text of the file; what could not be carried over stands in it too. */
export function importedText(files: readonly string[], { values, remarks }: Imported): string {
  const left = remarks.map((remark) => `# ${remarkText(remark)}`)
  const lines = [
    `# Made by \`foresend config import\` of ${files.join(', ')}.`,
    '',
    ...settingLines(values),
    ...(left.length === 0 ? [] : ['', '# Not carried over:', ...left]),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** `FILE:12: Beep: it is about …` */
export function remarkText({ file, line, what, why }: Remark): string {
  return `${line === undefined ? file : `${file}:${line}`}: ${what}: ${why}`
}
