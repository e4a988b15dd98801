/**
 * Names of uploads that are not finished: `.NAME.foresend-PID-TOKEN-COUNT.part`, beside their target so that a rename
 * is enough. They are never served and never a target; the process in the name tells whether a leftover is still alive.
 */
import { randomBytes } from 'node:crypto'

/** Tells this run of the program from another one with the same process id (in containers it is often the same). */
const RUN_TOKEN = randomBytes(6).toString('hex')
/** Leaves room in the 255 bytes of a segment for what is put around the name. */
const KEPT_BYTES = 180
const PART_NAME = /^\..*\.foresend-(\d{1,10})-([0-9a-f]{12})-[0-9a-z]{1,10}\.part$/i

let count = 0

/** A fresh temporary name for `leaf`. */
export function partName(leaf: string): string {
  let kept = ''
  let bytes = 0
  for (const character of leaf) {
    bytes += Buffer.byteLength(character)
    if (bytes > KEPT_BYTES) break
    kept += character
  }
  count++
  return `.${kept}.foresend-${process.pid}-${RUN_TOKEN}-${count.toString(36)}.part`
}

export function isPartName(segment: string): boolean {
  return PART_NAME.test(segment)
}

/** `own`: this run of the program made it. Undefined when it is no such name. */
export function ownerOfPart(segment: string): { readonly pid: number; readonly own: boolean } | undefined {
  const match = PART_NAME.exec(segment)
  return match === null ? undefined : { pid: Number(match[1]), own: match[2] === RUN_TOKEN }
}
