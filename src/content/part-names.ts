/**
 * Names of temporary files: `.NAME.foresend-PID-TOKEN-COUNT.part`, in the folder of the target so that a rename is enough.
 * Files with such names are never served and never overwritten by an upload. The process id in the name tells a leftover from a running upload.
 */
import { randomBytes } from 'node:crypto'

/** Tells this run of the program from another one with the same process id (in containers it is often the same). */
const RUN_TOKEN = randomBytes(6).toString('hex')
/** Bytes of the target's name that are kept, so that the temporary name fits the 255 bytes of a segment. */
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

/** The process that a temporary name belongs to, and whether this run of the program made it (`own`). Undefined for other names. */
export function ownerOfPart(segment: string): { readonly pid: number; readonly own: boolean } | undefined {
  const match = PART_NAME.exec(segment)
  return match === null ? undefined : { pid: Number(match[1]), own: match[2] === RUN_TOKEN }
}
