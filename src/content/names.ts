/** From the name in a request to path segments that cannot leave the folder that they are looked up in. */
import { type Parsed, WIRE_ERROR } from '../packet/index.ts'

/** A request packet holds 512 bytes; nothing longer was ever a name. */
export const NAME_MAX_BYTES = 512
/** What the usual file systems allow for one segment. */
export const SEGMENT_MAX_BYTES = 255

/**
 * The segments of `filename`, at least one, none of them `.`, `..` or empty. Backslashes separate as slashes do, a
 * leading slash means the root that is served (routers and GRUB ask for `/file`), repeated slashes and `.` collapse.
 * Nothing is decoded or rewritten after these checks. Refused with ERROR 2: what could mean a place outside of the
 * root on any system, and on Windows (`platform` win32) also names that open something else there than they say.
 */
export function pathSegments(filename: string, platform: string = process.platform): Parsed<readonly string[]> {
  if (Buffer.byteLength(filename) > NAME_MAX_BYTES) return refuse(`the name is longer than ${NAME_MAX_BYTES} bytes`)
  if (filename.includes('\0')) return refuse('the name contains a NUL')
  if (CONTROL.test(filename)) return refuse('the name contains a control character')
  if (filename.startsWith('\\\\')) return refuse('the name is a UNC path; ask for a path below the served folder')
  const segments: string[] = []
  for (const segment of filename.split(SEPARATOR)) {
    if (segment === '' || segment === '.') continue
    const reason = segmentFault(segment, segments.length === 0, platform)
    if (reason !== undefined) return refuse(reason)
    segments.push(segment)
  }
  if (segments.length === 0) return refuse('the name is empty; ask for a file')
  return { ok: true, value: segments }
}

const SEPARATOR = /[/\\]+/
const CONTROL = /[\u0000-\u001f\u007f]/
/** `..`, and what Windows makes of it: it drops dots and spaces at the end of a segment. */
const UPWARDS = /^[. ]*\.[. ]*$/
const DRIVE = /^[A-Za-z]:/
/** `file::$DATA` is the file itself by another name on NTFS. Other colons are fine elsewhere: names made of a MAC have them. */
const STREAM_TYPE = /:\$/
const WINDOWS_DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])(\..*)?$/i
const WINDOWS_MEANING = /[<>"|?*]|[. ]$/

function segmentFault(segment: string, first: boolean, platform: string): string | undefined {
  if (UPWARDS.test(segment)) return 'the name leads upwards (..); ask for a path below the served folder'
  if (first && DRIVE.test(segment)) return 'the name has a drive letter; ask for a path below the served folder'
  if (STREAM_TYPE.test(segment) || (platform === 'win32' && segment.includes(':'))) {
    return 'the name asks for an alternate stream'
  }
  if (Buffer.byteLength(segment) > SEGMENT_MAX_BYTES) {
    return `a part of the name is longer than ${SEGMENT_MAX_BYTES} bytes`
  }
  if (platform !== 'win32') return undefined
  if (WINDOWS_DEVICE.test(segment)) return 'the name is that of a device'
  if (WINDOWS_MEANING.test(segment)) return 'the name has characters that Windows does not take as they are'
  return undefined
}

function refuse(reason: string): Parsed<never> {
  return { ok: false, wireCode: WIRE_ERROR.access, reason }
}
