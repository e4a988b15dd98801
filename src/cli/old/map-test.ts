/** `in.tftpd --map-test FILE`: what the rules of a map file make of names, one a line, as tftp-hpa 6.0 prints it. */
import { readFileSync } from 'node:fs'
import { quoted } from '../../content/errors.ts'
import { fromBytes } from '../../content/remap/bytes.ts'
import { NameMap } from '../../content/remap/name-map.ts'
import { readRules } from '../../content/remap/read-rules.ts'
import type { Context } from '../context.ts'
import { EXIT, messageOf, usageError } from '../exit.ts'

export interface MapTest {
  /** The file with the names. */
  readonly names: string
  /** Of `-m`; undefined where it was not given. */
  readonly map: string | undefined
  /** As a device that stores a file would ask. */
  readonly isPut: boolean
  readonly isSix: boolean
}

/** A device that asks, for rules that look at the address: addresses of documentation (RFC 5737, RFC 3849). */
const CLIENT4 = '192.0.2.1'
const CLIENT6 = '2001:db8::1'

/** Names that the rules refuse go to standard error; the exit code says nothing of them. Throws ERR_TFTP_USAGE. */
export function testMap(context: Context, { names, map, isPut, isSix }: MapTest): number {
  if (map === undefined) throw usageError('in.tftpd: --map-test needs a map file: add -m FILE')
  const rules = new NameMap(readRules({ file: map }))
  for (const name of linesOf(names)) {
    const direction = isPut ? ('write' as const) : ('read' as const)
    // No folder is given: as if every file were there, rules with E end.
    const mapped = rules.apply({ name, direction, address: isSix ? CLIENT6 : CLIENT4 }, () => true)
    if (mapped.type === 'name') context.stdout.write(`${fromBytes(mapped.name)}\n`)
    else context.stderr.write(`in.tftpd: ${quoted(fromBytes(name))}: ${mapped.reason}\n`)
  }
  return EXIT.done
}

/** As bytes. */
function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'latin1')
      .split(/\r?\n/)
      .filter((line) => line !== '')
  } catch (error) {
    throw usageError(`in.tftpd: --map-test ${file}: ${messageOf(error)}; name a file with one name on each line`)
  }
}
