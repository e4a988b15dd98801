/** Names a server by how it repeats blocks. A transfer without a loss shows nothing of that. */
import type { RecognisedServer } from '../contract.ts'
import { repeatsAtOnce } from '../explain/flood.ts'
import { median } from '../view/median.ts'
import { shown, type View } from '../view/view.ts'
import { KNOWN_SERVERS, type KnownServer } from './known.ts'
import { type ServerWait, serverWaits } from './waits.ts'

/** Fewer fitting waits are chance. */
const LEAST_SHARE = 0.7
/** Another server that fits nearly as well cannot be told apart. */
const AS_GOOD = 0.05
const MOST_CONFIDENCE = 0.95

export function recogniseServer(view: View): RecognisedServer | undefined {
  if (view.transfer.direction !== 'read') return undefined
  const waits = serverWaits(view)
  if (waits.length === 0) return undefined
  const scored = KNOWN_SERVERS.filter((server) => mayBe(view, server))
    .map((server) => ({ server, share: fittingShare(view, server, waits) }))
    .filter(({ share }) => share >= LEAST_SHARE)
    .sort((a, b) => b.share - a.share)
  if (scored.length === 0) return undefined
  const { server, share } = scored[0]
  const names = scored.filter((other) => share - other.share <= AS_GOOD).map((other) => other.server.name)
  const orElse = [...new Set(names)].filter((name) => name !== server.name)
  const typicalMs = Math.round(median(waits.map(({ ms }) => ms)) ?? 0)
  return {
    name: server.name,
    confidence: Math.min(MOST_CONFIDENCE, (share * (1 - 0.5 ** waits.length)) / (1 + orElse.length)),
    evidence: [
      shown(
        view,
        `${server.habit}: ${waits.length} repeats, ${typicalMs} ms after the packet before in the middle`,
        waits.map(({ packet }) => packet),
      ),
    ],
    orElse,
  }
}

/** What it confirmed and what it sent rule some out. */
function mayBe(view: View, server: KnownServer): boolean {
  const { request, agreed } = view.transfer
  const asked = new Set(request?.options.map(({ name }) => name.toLowerCase()))
  const confirmsTimeout = agreed.timeoutMs !== undefined
  if (asked.has('timeout') && agreed.oack !== undefined && server.confirmsTimeout !== confirmsTimeout) return false
  const confirmsWindow = agreed.windowsize > 1
  if (asked.has('windowsize') && server.confirmsWindow === !confirmsWindow) return false
  if (view.latencies.windowBlocks > agreed.windowsize && server.runsAhead !== true) return false
  return server.resendsOnRepeat === true || !resendsOnRepeat(view)
}

/** In lock-step a repeated ACK brought DATA again at once, more than once. */
function resendsOnRepeat({ transfer, list, latencies }: View): boolean {
  if (transfer.agreed.windowsize > 1) return false
  const { all } = repeatsAtOnce(transfer, list, latencies.medianMs ?? 0)
  return all.length >= LEAST_RESENT
}

const LEAST_RESENT = 3

function fittingShare({ transfer }: View, server: KnownServer, waits: readonly ServerWait[]): number {
  const timeoutS = transfer.agreed.timeoutMs === undefined ? undefined : transfer.agreed.timeoutMs / 1000
  return waits.filter(({ ms, nth }) => server.fits(ms, nth, timeoutS)).length / waits.length
}
