/** The text of another program's file, whatever it is written in. */
import { readSmallFile } from '../../../small-file.ts'
import { messageOf, usageError } from '../../exit.ts'
import type { Source } from './contract.ts'

/** Throws ERR_TFTP_USAGE where it cannot be read. */
export function readSource(file: string): Source {
  try {
    return { file, text: decoded(readSmallFile(file)) }
  } catch (error) {
    throw usageError(`cannot read ${file}: ${messageOf(error)}; check the path and its permissions`)
  }
}

/** Windows writes UTF-16 with a mark in front, or its own code page; the others UTF-8. */
export function decoded(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
