/** What uploads may do, and how much of them fits: plain data. */
import { ForesendError } from '../error.ts'
import { WIRE_ERROR } from '../packet/index.ts'

export const UPLOAD_POLICIES = ['none', 'existing', 'create', 'overwrite', 'versions'] as const
/**
 * `existing`: replace files that are there, make none. `create`: make files, replace none. `overwrite`: both. `versions`: both, and what was
 * there stays beside the new file as `NAME.1`, `NAME.2` and so on, the oldest first.
 */
export type UploadPolicy = (typeof UPLOAD_POLICIES)[number]

export const DIGESTS = ['sha256', 'md5'] as const
/** A file `NAME.sha256` or `NAME.md5` beside each upload, as `sha256sum -c` and `md5sum -c` read it. */
export type DigestName = (typeof DIGESTS)[number]

export interface UploadRules {
  readonly policy?: UploadPolicy | undefined
  /** Where uploads go; the first root without it. */
  readonly root?: string | undefined
  /** Permissions of a new file, to the letter; a replaced file's stay without it. */
  readonly mode?: number | undefined
  /** Largest upload. */
  readonly maxBytes?: number | undefined
  /** All files below the root that uploads go to may have this many bytes together. */
  readonly quotaBytes?: number | undefined
  /** Bytes that stay free on the disk. */
  readonly minFreeBytes?: number | undefined
  readonly digests?: readonly DigestName[] | undefined
}

/** How large one upload may become, and what to say when it is larger. */
export interface SizeLimit {
  readonly bytes: number
  readonly reason: string
}

/** `quotaLeftBytes`: what the quota leaves for the new file; undefined without one. */
export function sizeLimit({ maxBytes, quotaBytes }: UploadRules, quotaLeftBytes: number | undefined): SizeLimit {
  const most: SizeLimit = {
    bytes: maxBytes ?? Infinity,
    reason: `it is larger than the ${maxBytes ?? 0} bytes that an upload may have`,
  }
  if (quotaBytes === undefined || quotaLeftBytes === undefined || quotaLeftBytes >= most.bytes) return most
  const left = Math.max(0, quotaLeftBytes)
  return {
    bytes: left,
    reason: `the quota of ${quotaBytes} bytes leaves ${left} for it; make room there and try again`,
  }
}

export function tooLarge(failing: string, { reason }: SizeLimit): ForesendError {
  return new ForesendError('ERR_TFTP_TOO_LARGE', `${failing}: ${reason}`, {
    fault: 'peer',
    wireCode: WIRE_ERROR.diskFull,
  })
}

export function diskFull(failing: string, reason: string): ForesendError {
  return new ForesendError('ERR_TFTP_DISK_FULL', `${failing}: ${reason}; make room there and try again`, {
    fault: 'local',
    wireCode: WIRE_ERROR.diskFull,
  })
}
