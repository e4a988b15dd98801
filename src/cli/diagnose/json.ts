/** The diagnosis for programs. Names stay; new ones may come. */
import type { Cause, RecognisedServer } from '../../capture/diagnosis/index.ts'
import { addressPort } from '../../packet/index.ts'
import { jsonLine } from '../render/json.ts'
import type { Judged, JudgedCapture } from './judged.ts'
import { replayJson } from './replay.ts'

export function diagnosisJson(captures: readonly JudgedCapture[]): string {
  return jsonLine({
    transfers: captures.flatMap(({ path, judged }) => judged.map((one) => transferJson(path, one))),
    captures: captures.map(({ path, summary, judged, dropped, unjudged }) => ({
      capture: path,
      format: summary.format,
      frames: summary.frames,
      udpDatagrams: summary.udpDatagrams,
      tftpDatagrams: summary.tftpDatagrams,
      transfers: judged.length + unjudged.length + dropped,
      unjudged: unjudged.map(({ transfer, reason }) => ({ id: transfer.id, reason })),
      brokenOff: summary.broken?.reason ?? null,
    })),
  })
}

/** One transfer of the capture at `path`. */
export function transferJson(path: string, { transfer, diagnosis, replay }: Judged): object {
  const { client, server, request, direction, agreed, blocks } = transfer
  const { acknowledgedBlocks, ...figures } = diagnosis.figures
  return {
    client: addressPort(client.address, client.port),
    server: addressPort(server.address, server.port),
    file: request?.filename ?? null,
    outcome: diagnosis.outcome,
    summary: diagnosis.summary,
    causes: diagnosis.causes.map(causeJson),
    holes: diagnosis.holes.ranges.map(({ first, last }) => ({ first, last })),
    holeCount: diagnosis.holes.count,
    serverProgram: diagnosis.server === undefined ? null : programJson(diagnosis.server),
    direction,
    startMs: transfer.startMs,
    mac: client.mac ?? null,
    blksize: agreed.blksize,
    windowsize: agreed.windowsize,
    blocks: { sent: blocks.sent, acknowledged: acknowledgedBlocks, final: blocks.final ?? null },
    figures: {
      ...figures,
      medianAckMs: figures.medianAckMs ?? null,
      clientTimerMs: figures.clientTimerMs ?? null,
    },
    limits: diagnosis.limits,
    capture: path,
    id: transfer.id,
    previousAttempt: transfer.previousAttempt ?? null,
    ...(replay === undefined ? {} : { replay: replayJson(replay) }),
  }
}

function causeJson({ id, title, confidence, evidence, advice, tellApart }: Cause): object {
  return { id, confidence, title, evidence, advice, tellApart: tellApart ?? null }
}

function programJson({ name, confidence, evidence, orElse }: RecognisedServer): object {
  return { name, confidence, evidence, orElse }
}
