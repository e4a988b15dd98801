/** Every client that stores a file, by name. Adding one is a row here, and a file beside this one where no trait tells it. */
import { InitiatorNode } from '../initiator-node.ts'
import type { UploadingNode } from '../node.ts'
import { CurlUploader } from './curl.ts'
import { LockstepUploader, type UploadTraits } from './lockstep.ts'
import { UbootPut } from './uboot-put.ts'
import type { UploaderConfig } from './uploader.ts'

export interface UploaderModel {
  readonly type: 'foresend' | 'foreign'
  /** One line for people. */
  readonly summary: string
  make(config: UploaderConfig): UploadingNode
}

/** RFC 1350 to the letter. */
const STRICT: UploadTraits = {
  mode: 'octet',
  options: [],
  requestEveryMs: 5000,
  requests: 6,
  timeoutMs: 5000,
  retries: 5,
  firstBlockAfterMs: 0,
  otherAck: 'ignore',
}
/** `foresend put --wait`: the device is switched on while it asks. */
const WAIT_MS = 10_000

const TABLE = {
  strict: lockstep('RFC 1350 to the letter: ignores every ACK but the one that it waits for', {}),
  /** atftp's tftp_file.c sends the block after whatever ACK comes, one of an earlier block too. */
  atftp: lockstep('atftp: whatever ACK comes brings the block after it', { otherAck: 'next' }),
  /** tftp-hpa's tftp.c sets its alarm again behind each packet, and gives up at the fifth in a row. */
  'tftp-hpa': lockstep('tftp-hpa: another ACK brings nothing, and its timer of five seconds starts again', {
    requests: 5,
    retries: 4,
    otherAck: 'restart',
  }),
  /** Cisco IOS repeats its request after four seconds, from the same port (github.com/mpetazzoni/ptftpd/issues/8). */
  'cisco-ios': lockstep('Cisco IOS: no options, the request again after four seconds from the same port', {
    requestEveryMs: 4000,
    timeoutMs: 4000,
  }),
  /**
   * HP ProCurve stores in netascii and asks for no option (github.com/msoulier/tftpy/issues/4 and /70). `copy command-output` sends
   * what a command prints while it runs, so that the first block may take a while (ipuptime.net); how long is a guess.
   */
  'hp-procurve': lockstep('HP ProCurve: netascii, no options, block 1 takes three seconds', {
    mode: 'netascii',
    firstBlockAfterMs: 3000,
  }),
  curl: {
    type: 'foreign',
    summary: 'curl: another ACK brings the block again; a second OACK makes it count from 1 and read on',
    make: (config) => new CurlUploader(config),
  },
  'uboot-tftpput': {
    type: 'foreign',
    summary: 'U-Boot tftpput: follows the last ACK, ten timeouts in all, any ACK ends it after the final block',
    make: (config) => new UbootPut(config, { tsize: false }),
  },
  'uboot-tftpput-tsize': {
    type: 'foreign',
    summary: 'U-Boot tftpput with CONFIG_TFTP_TSIZE: the same, and it announces the size',
    make: (config) => new UbootPut(config, { tsize: true }),
  },
  'foresend-put': {
    type: 'foresend',
    summary: 'foresend put --wait 10',
    make: (config) => new InitiatorNode({ direction: 'write', waitMs: WAIT_MS, ...config }),
  },
} satisfies Record<string, UploaderModel>

export type UploaderName = keyof typeof TABLE

export const UPLOADERS: Readonly<Record<UploaderName, UploaderModel>> = TABLE

function lockstep(summary: string, traits: Partial<UploadTraits>): UploaderModel {
  return {
    type: 'foreign',
    summary,
    make: (config) => new LockstepUploader(config, { ...STRICT, ...traits }),
  }
}
