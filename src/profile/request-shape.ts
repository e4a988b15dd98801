/**
 * What a request alone tells of the device behind it. Only what must be known before the first block leaves belongs here;
 * everything else is found out by observation.
 */
import { OPCODE, type Request } from '../packet/index.ts'

/**
 * The boot ROM of the Raspberry Pi 3 and 4 takes whatever DATA comes for the next block: a repeat or a block ahead spoils
 * its image, and its acknowledgements do not show it. It asks with exactly `tsize=0 blksize=1024`, in this order (GRUB has
 * the same two the other way round). Rule A13.
 */
export function takesWhateverComes(request: Request): boolean {
  return mayTakeWhateverComes(request) && request.options[1]?.value === '1024'
}

/**
 * `tsize=0`, alone or followed by `blksize` and nothing else: boot ROMs ask like this, those of the Raspberry Pi among them, and so does lwIP. One that
 * counts what comes and lost a block takes the one behind it, or the one before, in its place: its image is wrong, and its size and all acknowledgements
 * are right. So nothing leaves ahead or out of turn. A repeat of the block that it lacks does no harm, and one that it counts shows.
 */
export function mayTakeWhateverComes({ opcode, options }: Request): boolean {
  if (opcode !== OPCODE.rrq || options.length === 0 || options.length > 2) return false
  const [first, second] = options
  return first.name === 'tsize' && first.value === '0' && (second === undefined || second.name === 'blksize')
}
