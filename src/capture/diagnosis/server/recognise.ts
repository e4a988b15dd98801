/** Names a server by how it repeats blocks. A transfer without a loss shows nothing of that. */
import type { RecognisedServer } from '../contract.ts'
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
  const orElse = scored.slice(1).filter((other) => share - other.share <= AS_GOOD)
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
    orElse: orElse.map((other) => other.server.name),
  }
}

/** What it confirmed rules some out. */
function mayBe({ transfer }: View, { confirmsTimeout }: KnownServer): boolean {
  const asked = transfer.request?.options.some(({ name }) => name.toLowerCase() === 'timeout') ?? false
  if (!asked || transfer.agreed.oack === undefined) return true
  return confirmsTimeout === (transfer.agreed.timeoutMs !== undefined)
}

function fittingShare({ transfer }: View, server: KnownServer, waits: readonly ServerWait[]): number {
  const timeoutS = transfer.agreed.timeoutMs === undefined ? undefined : transfer.agreed.timeoutMs / 1000
  return waits.filter(({ ms, nth }) => server.fits(ms, nth, timeoutS)).length / waits.length
}
