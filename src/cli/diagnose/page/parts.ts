/** What the page needs of a transfer's packets, taken while they are at hand. */
import type { Diagnosis } from '../../../capture/diagnosis/index.ts'
import type { CapturedTransfer } from '../../../capture/index.ts'
import { isHealthy } from '../judged.ts'
import { ladder } from './ladder.ts'
import { type Latencies, latencies } from './latency.ts'
import { type PagePackets, pagePackets } from './packets.ts'

/** Transfers with diagrams in one page: some 10 MB when all of them are long. Of the others the page has the texts. */
export const MAX_PAGE_TRANSFERS = 20

export interface PagePart {
  readonly packets: PagePackets
  readonly latencies: Latencies | undefined
  /** SVG. */
  readonly ladder: string
}

export class PageParts {
  readonly #parts = new Map<string, PagePart>()
  /** Those that may make room for a transfer that failed. */
  readonly #healthy: string[] = []

  add(path: string, transfer: CapturedTransfer, diagnosis: Diagnosis): void {
    const healthy = isHealthy({ transfer, diagnosis })
    if (this.#parts.size === MAX_PAGE_TRANSFERS) {
      const oldest = healthy ? undefined : this.#healthy.shift()
      if (oldest === undefined) return
      this.#parts.delete(oldest)
    }
    const key = keyOf(path, transfer.id)
    const wanted = new Set(diagnosis.causes.flatMap(({ evidence }) => evidence.flatMap(({ packets }) => packets)))
    this.#parts.set(key, {
      packets: pagePackets(transfer.packets, wanted),
      latencies: latencies(transfer.packets),
      ladder: ladder(transfer, diagnosis.causes[0]?.evidence[0]?.packets ?? []),
    })
    if (healthy) this.#healthy.push(key)
  }

  get(path: string, id: number): PagePart | undefined {
    return this.#parts.get(keyOf(path, id))
  }
}

function keyOf(path: string, id: number): string {
  return `${id} ${path}`
}
