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
  if (request.opcode !== OPCODE.rrq || request.options.length !== 2) return false
  const [first, second] = request.options
  return first.name === 'tsize' && first.value === '0' && second.name === 'blksize' && second.value === '1024'
}
