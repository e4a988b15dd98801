/** One boot against Foresend's own endpoint, and what its events would say of the cause. */
import type { EventKind } from '../../src/endpoint/contract.ts'
import { EndpointNode } from '../../src/lab/endpoint-node.ts'
import { DAY_MS, type ExperimentResult, patternedImage, runExperiment } from '../../src/lab/experiment.ts'
import { bootDevice } from '../../src/lab/index.ts'
import { mostDatagrams } from '../../src/lab/run.ts'
import { evidenceOf, needsEvidence } from '../../src/server/evidence.ts'
import { type Finding, findingOf } from '../../src/server/finding.ts'
import type { LabCase } from './lab-case.ts'

export interface LiveCase {
  /** The events that a diagnosis was made for, in their order; without a finding where nothing was sure enough. */
  readonly told: readonly { readonly kind: EventKind; readonly finding: Finding | undefined }[]
  readonly result: ExperimentResult
}

export function playLive(lab: Omit<LabCase, 'server'>): LiveCase {
  const { client, values = {}, faults, link = {}, sizeBytes, seed } = lab
  const device = { name: client, description: '', source: '', client: { model: client, values }, faults, link }
  const image = patternedImage(sizeBytes, 1)
  const booted = bootDevice(device, { seed, sizeBytes, boot: 1 })
  const told: { kind: EventKind; finding: Finding | undefined }[] = []
  const server = new EndpointNode({
    image,
    policy: { window: 'auto' },
    watch: (now, kind, transfer, traceOf) => {
      if (!needsEvidence(kind, transfer)) return
      const evidence = evidenceOf(kind, transfer, traceOf(), now, now)
      told.push({ kind, finding: evidence === undefined ? undefined : findingOf(kind, evidence) })
    },
  })
  const most = mostDatagrams(sizeBytes)
  const result = runExperiment({
    client: booted.client,
    server,
    image,
    up: booted.up,
    down: booted.down,
    limits: { untilMs: DAY_MS, maxDatagrams: 2 * most, maxSent: most },
  })
  return { told, result }
}
