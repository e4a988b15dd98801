import type { CapturedTransfer } from '../../contract.ts'
import type { CauseId } from '../contract.ts'
import type { Rule } from '../rule.ts'
import { weightOfGone } from './gone.ts'
import { unansweredAcks } from '../upload/unanswered.ts'
import type { View } from '../view/view.ts'

/** What an ERROR of a code says, in place of the words for any. */
interface Said {
  readonly title: string
  readonly advice: string
}

const OF_CLIENT: Readonly<Record<number, Said>> = {
  3: {
    title: 'the device ended the transfer with ERROR 3: the file is too large for it',
    advice:
      'Compare the size of the file with the memory or the partition that it goes to. The image may be one for another device, or for another stage of its installation.',
  },
  8: {
    title: 'the device ended the transfer with ERROR 8: it refuses the options of the server',
    advice: 'Try a transfer without options: refuse blksize and windowsize on the server, or do not ask for them.',
  },
}

const OF_SERVER: Readonly<Record<number, Said>> = {
  1: {
    title: 'the server ended the transfer with ERROR 1: it does not have the file',
    advice:
      'Compare the name letter by letter, with its folder: upper and lower case count, and the name is looked up below the folder that the server serves.',
  },
  2: {
    title: 'the server ended the transfer with ERROR 2: it may not open the file',
    advice:
      'Make the file and its folders readable for the user that the server runs as. A name that leads out of the served folder is refused in the same way, and an upload where the server takes none.',
  },
  3: {
    title: 'the server ended the transfer with ERROR 3: its disk is full, or the file is larger than it takes',
    advice: 'Free some space on the server, or raise its limit for the size of an upload.',
  },
  6: {
    title: 'the server ended the transfer with ERROR 6: the file is there already',
    advice: 'Remove the old file, store it under another name, or let the server overwrite files.',
  },
}

export const clientRefused = refused(
  'client-refused',
  'client',
  'the device ended the transfer with an ERROR',
  'Read its text: a full memory, a file that it does not take, or an option that it did not ask for. Try a plain transfer: `--window strict` and no options.',
)

export const serverRefused = refused(
  'server-refused',
  'server',
  'the server ended the transfer with an ERROR',
  'Read its text: usually the file does not exist under this name, or the server may not read it. Compare the name letter by letter, with its folder.',
)

function refused(id: CauseId, by: 'client' | 'server', title: string, advice: string): Rule {
  return {
    id,
    title,
    advice,
    isConsequence: true,
    find(view) {
      const { transfer } = view
      const { outcome } = transfer
      if (outcome.type !== 'error' || outcome.from !== by) return undefined
      const isGivenUp = by === 'server' && outcome.wireCode === 0 && unansweredRepeats(view) >= LEAST_REPEATS
      const before = transfer.blocks.highest === 0 ? 'before any block' : `at block ${transfer.blocks.highest}`
      const unasked = by === 'client' && transfer.blocks.highest === 0 ? unaskedOptions(transfer) : []
      return {
        ...(unasked.length > 0 ? unaskedFor(unasked) : (by === 'client' ? OF_CLIENT : OF_SERVER)[outcome.wireCode]),
        // What it gave up for stands before it.
        confidence: isGivenUp ? weightOfGone(view) / 2 : 0.99,
        evidence: [
          {
            text: `ERROR ${outcome.wireCode}, ${before}${isGivenUp ? ', when its repeats had brought no answer' : ''}`,
            packets: [outcome.number],
          },
        ],
      }
    },
  }
}

/** RFC 2347: a server confirms what the client asked for and nothing else. */
function unaskedOptions({ request, agreed }: CapturedTransfer): readonly string[] {
  const asked = request?.options.map(({ name }) => name.toLowerCase())
  if (asked === undefined) return []
  return (agreed.oack ?? []).map(({ name }) => name.toLowerCase()).filter((name) => !asked.includes(name))
}

function unaskedFor(options: readonly string[]): Said {
  // What a peer made up is not printed.
  const known = KNOWN_OPTIONS.filter((name) => options.includes(name))
  const names = known.length === 0 ? 'one of them' : known.join(', ')
  return {
    title: `the device refuses the answer to its options: it did not ask for ${names}`,
    advice: 'Let the server confirm only what was asked for (RFC 2347), or refuse options on it altogether.',
  }
}

const KNOWN_OPTIONS = ['blksize', 'timeout', 'tsize', 'windowsize', 'multicast', 'rollover']

/** Blocks, or ACKs of an upload, that the server sent again since the device last moved it on. */
function unansweredRepeats(view: View): number {
  if (view.transfer.direction === 'write') return unansweredAcks(view).length - 1
  const { packets, list, episodes } = view
  const last = episodes.at(-1)
  if (last === undefined || last.closed) return 0
  const sent = new Set<number>()
  let repeats = 0
  for (const [at, i] of list.entries()) {
    if (packets.fromClient(i) || packets.kind(i) !== 'data') continue
    const seq = packets.seq(i)
    if (sent.has(seq) && at >= last.from) repeats++
    sent.add(seq)
  }
  return repeats
}

const LEAST_REPEATS = 2
