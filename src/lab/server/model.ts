/**
 * A server as the lab knows it. The foreign ones are models, written by us from the behaviour of the real programs: what
 * each makes of a request, and a sender for the transfer. Foresend's own are the real endpoint.
 */
import { encodeError, type Request } from '../../packet/index.ts'
import type { NoticeKind } from '../../transfer/contract.ts'
import type { DeviceMemory } from '../../profile/memory.ts'
import type { PolicyOptions } from '../../transfer/policy/choose.ts'
import { EndpointNode } from '../endpoint-node.ts'
import type { ServingNode } from '../node.ts'
import type { Rng } from '../rng.ts'
import { type LabSink, type RequestRule, type ModelTransfer, ServerNode } from '../server-node.ts'
import { ModelSender, type TransferSetup } from './model-sender.ts'

/** A model of another server. Made by a factory with a literal `type`, one file each; holds no state of a transfer. */
export interface ForeignModel {
  readonly type: string
  /** One line for people: how it sends. */
  readonly summary: string
  readonly requests: RequestRule
  /** Negotiates as the program does and builds the sender of one transfer; the node starts it. */
  serve(request: Request, setup: ServeSetup): ModelTransfer
}

/** Foresend itself, with these flags of `serve`. */
export interface ForesendModel {
  readonly type: 'foresend'
  /** One line for people: how it sends. */
  readonly summary: string
  readonly policy: PolicyOptions
}

export type ServerModel = ForeignModel | ForesendModel

export interface ServeSetup {
  readonly sink: LabSink
  readonly sizeBytes: number
  /** For what is random in the program, or unknown to us. */
  readonly rng: Rng
}

export interface ServerNodeSetup {
  readonly image: Uint8Array
  readonly rng: Rng
  readonly notice?: (now: number, kind: NoticeKind, seq: number) => void
  /** The peer is on the local network. Only Foresend looks at it. Default true. */
  readonly near?: boolean
  /** What Foresend learnt of devices before, and where what it learns goes. Other servers learn nothing. */
  readonly memory?: DeviceMemory
}

/** A node that serves `image` as this server does. */
export function serverNode(model: ForeignModel, setup: ServerNodeSetup): ServerNode
export function serverNode(model: ServerModel, setup: ServerNodeSetup): ServingNode
export function serverNode(model: ServerModel, setup: ServerNodeSetup): ServingNode {
  if (!('serve' in model)) return new EndpointNode({ ...setup, policy: model.policy })
  let transfers = 0
  return new ServerNode({
    image: setup.image,
    requests: model.requests,
    create: (request, sink) =>
      model.serve(request, {
        sink,
        sizeBytes: setup.image.length,
        rng: setup.rng.fork(`transfer ${transfers++}`),
      }),
    ...(setup.notice === undefined ? {} : { notice: setup.notice }),
  })
}

/** Answers the request with an ERROR and nothing else; without a wire code not even that. */
export function refuse(setup: ServeSetup, wireCode: number | undefined, message: string): ModelTransfer {
  const transfer = { sink: setup.sink, sizeBytes: setup.sizeBytes, blksize: 512, oack: undefined }
  return { machine: new Refusal(transfer, wireCode, message), blksize: 512, rollover: 0 }
}

class Refusal extends ModelSender {
  readonly #wireCode: number | undefined
  readonly #message: string

  constructor(setup: TransferSetup, wireCode: number | undefined, message: string) {
    super(setup)
    this.#wireCode = wireCode
    this.#message = message
  }

  protected onStart(): void {
    if (this.#wireCode !== undefined) this.sendControl(encodeError(this.#wireCode, this.#message))
    this.fail(this.#message)
  }

  protected onAck(): void {}
  protected onTimer(): void {}
}
