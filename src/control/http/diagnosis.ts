/** Why a transfer stalls or failed: its facts and its packets, as the rules that judge captures read them. */
import type { TracedAgreement, TracedEnd, TracedTransfer } from '../../capture/from-trace.ts'
import type { StoredTransfer } from '../../history/reader.ts'
import type { Option } from '../../packet/index.ts'
import type { TransferSnapshot } from '../../server/contract.ts'
import { DEFAULT_BLKSIZE } from '../../transfer/negotiate.ts'
import type { TraceEntry } from '../../transfer/trace.ts'
import type { ApiSource } from '../source.ts'
import { endedTransfer, nameOf, readHistory } from './history.ts'
import { nothingThere } from './problem.ts'
import { wordsOfTrace } from './trace-words.ts'
import type { FoundDiagnosis } from './work.ts'
import type { WorkThread } from './work-thread.ts'

const REQUEST_PORT = 69

/** Rejects with a Problem where no packets of it are kept. */
export async function diagnosisOf(source: ApiSource, work: WorkThread, text: string): Promise<FoundDiagnosis> {
  const name = nameOf(text)
  const { server } = source
  const running = 'run' in name ? server.transfers().find(({ id }) => id === name.run) : undefined
  if (running !== undefined) {
    const trace = await server.trace(running.id)
    if (trace !== undefined) return work.diagnose({ traced: ofRunning(running, trace), words: wordsOfTrace(trace) })
  }
  const ended = endedTransfer(source, name)
  if (ended === undefined) throw nothingThere('there is no such transfer: it ended longer ago, or never ran')
  const trace = ended.hasTrace ? readHistory(source, (reader) => reader.trace(ended.id)) : undefined
  if (trace === undefined)
    throw nothingThere('its packets were not kept: those of transfers that stalled or did not complete are')
  return work.diagnose({ traced: ofEnded(ended, trace), words: wordsOfTrace(trace) })
}

function ofRunning(transfer: TransferSnapshot, trace: readonly TraceEntry[]): TracedTransfer {
  const { id, client, file, direction, since, sizeBytes, blksize, window, bytes, datagrams } = transfer
  const [, address = '', port = '0'] = /^\[?(.*?)\]?:(\d+)$/.exec(client) ?? []
  return {
    id,
    startMs: since,
    client: { address, port: Number(port) },
    server: { address: '', port: REQUEST_PORT },
    direction,
    filename: file,
    mode: 'octet',
    options: [],
    agreed: blksize === undefined ? undefined : agreement(blksize, window, []),
    sizeBytes,
    end: { type: 'silent' },
    counted: {
      blocks: Math.ceil(bytes / (blksize ?? DEFAULT_BLKSIZE)),
      bytes,
      datagrams,
      acks: acksOf(trace, direction),
    },
  }
}

function ofEnded(row: StoredTransfer, trace: readonly TraceEntry[]): TracedTransfer {
  const { id, startedMs, address, port, direction, asked, sizeBytes, blksize, blocks, bytes, datagrams } = row
  const agreed = optionsOf(row.optionsAgreed)
  const window = Number(agreed.find((option) => option.name === 'windowsize')?.value ?? 1)
  return {
    id,
    startMs: startedMs,
    client: { address, port },
    server: { address: '', port: REQUEST_PORT },
    direction,
    filename: asked,
    mode: 'octet',
    options: optionsOf(row.optionsAsked),
    agreed: blksize === undefined ? undefined : agreement(blksize, window, agreed),
    sizeBytes,
    end: endOf(row),
    counted: { blocks, bytes, datagrams, acks: acksOf(trace, direction) },
  }
}

function agreement(blksize: number, window: number, oack: readonly Option[]): TracedAgreement {
  const windowsize = oack.some(({ name }) => name === 'windowsize') ? window : 1
  return { blksize, windowsize, timeoutMs: undefined, rollover: 0, oack }
}

/** The history keeps texts: `blksize=1468 tsize=0`. */
function optionsOf(text: string): Option[] {
  return text.split(' ').flatMap((part) => {
    const at = part.indexOf('=')
    return at < 1 ? [] : [{ name: part.slice(0, at), value: part.slice(at + 1) }]
  })
}

function endOf({ outcome, lastAck, code }: StoredTransfer): TracedEnd {
  if (outcome === 'completed') return { type: lastAck === 'missing' ? 'last-ack-missing' : 'complete' }
  if (code === 'ERR_TFTP_PEER_ERROR') return { type: 'refused', wireCode: 0, message: '' }
  return { type: code === 'ERR_TFTP_UNREACHABLE' ? 'gone' : 'silent' }
}

function acksOf(trace: readonly TraceEntry[], direction: 'read' | 'write'): number {
  return trace.filter(({ kind, sent }) => kind === 'ack' && sent === (direction === 'write')).length
}
