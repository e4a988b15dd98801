/**
 * Every server that stores, by name: Foresend, devices in their recovery mode, and the other servers. How the other
 * servers store is not known here: each stores as RFC 1350 and RFC 7440 have it, with the options that its model answers.
 */
import { OPCODE, optionNumber, parseError, parseOack, readOpcode, type Request } from '../../packet/index.ts'
import { EndpointNode } from '../endpoint-node.ts'
import type { StoringNode } from '../node.ts'
import type { Rng } from '../rng.ts'
import type { LabSink } from '../server-node.ts'
import { SERVERS } from '../server/catalogue.ts'
import type { ForeignModel, ServerModel } from '../server/model.ts'
import { plainGrant, Storer, type StorerGrant, type StorerRefusal, type StorerTraits } from './storer.ts'

export interface StorerModel {
  readonly type: 'foresend' | 'recovery' | 'server'
  /** One line for people. */
  readonly summary: string
  /** One that has just been started, or is switched on some seconds later. */
  make(rng: Rng): StoringNode
}

/** A person starts `put` and then switches the device on. */
const MOST_OPENS_MS = 5000
/** An upload is on disk within this time, or sooner. */
const MOST_FLUSH_MS = 200

/** What the recovery modes have in common: no options, and one port for everything. */
const RECOVERY: StorerTraits = {
  answersFrom: 'port-69',
  negotiate: plainGrant,
  order: 'any',
  repeat: 'ignore',
  lastAck: 'sent',
  timeoutMs: 5000,
  retries: 10,
  opensMs: 0,
  windowMs: Infinity,
  dallyMs: 0,
}

const RECOVERIES: Readonly<Record<string, StorerModel>> = {
  /**
   * U-Boot waits about a second for a sign of life before it boots (chubb.wattle.id.au/PeterChubb/nmrp.html). nmrpflash
   * goes on at the port that it asked unless the device answers from another. That it stores any block comes from U-Boot's
   * net/tftp.c, whose server side shares the code for DATA with its client; that some units are gone before the last ACK is
   * inferred.
   */
  'netgear-recovery': recovery(
    'Netgear: a window of a second, stores any block, half of the units reboot before the last ACK',
    (rng) => ({
      windowMs: 1000,
      lastAck: rng.chance(0.5) ? 'missing' : 'sent',
    }),
  ),
  /**
   * Rescue mode waits for ever ("Wait for TFTP request …", forum.openwrt.org/t/155738). A client does not print that it has
   * sent the file, although the device has it (blog.leejuyuu.xyz/posts/flash_asus_firmware): the last ACK is missing.
   */
  'asus-recovery': recovery('ASUS rescue mode: waits for ever, stores any block, reboots before the last ACK', () => ({
    lastAck: 'missing',
  })),
  /**
   * CFE with boot_wait: `wait_time=3` in its environment (myopenrouter.com/comment/21044). In order, and that a repeat is
   * acknowledged, is inferred from clients that end well there.
   */
  'linksys-recovery': recovery('Linksys (CFE, boot_wait): a window of three seconds, in order', () => ({
    windowMs: 3000,
    order: 'inorder',
    repeat: 'acknowledge',
    dallyMs: 1000,
  })),
}

export const STORERS: Readonly<Record<string, StorerModel>> = {
  foresend: {
    type: 'foresend',
    summary: 'foresend serve --writable',
    make: (rng) =>
      new EndpointNode({
        image: new Uint8Array(0),
        policy: { window: 'auto' },
        writable: true,
        flushMs: rng.logUniform(1, MOST_FLUSH_MS),
      }),
  },
  ...RECOVERIES,
  ...Object.fromEntries(
    Object.entries<ServerModel>(SERVERS).flatMap(([name, model]) => ('serve' in model ? [[name, foreign(model)]] : [])),
  ),
}

function recovery(summary: string, draw: (rng: Rng) => Partial<StorerTraits>): StorerModel {
  return {
    type: 'recovery',
    summary,
    make: (rng) => new Storer({ ...RECOVERY, opensMs: rng.float() * MOST_OPENS_MS, ...draw(rng) }),
  }
}

function foreign(model: ForeignModel): StorerModel {
  return {
    type: 'server',
    summary: model.type === 'dnsmasq' ? 'serves reads only' : 'stores in order, with the options that it answers',
    make: (rng) =>
      new Storer({
        answersFrom: 'own-port',
        negotiate: (request) => (model.type === 'dnsmasq' ? READS_ONLY : grantOf(model, request, rng)),
        order: 'inorder',
        repeat: 'acknowledge',
        lastAck: 'sent',
        timeoutMs: 1000,
        retries: 5,
        opensMs: 0,
        windowMs: Infinity,
        dallyMs: 3000,
      }),
  }
}

/** dnsmasq's src/tftp.c answers anything but an RRQ with ERROR 4. */
const READS_ONLY: StorerRefusal = { wireCode: 4, text: 'unsupported request' }

/** What the model answers to the same request for a read, and nothing of what it would send then. */
function grantOf(model: ForeignModel, request: Request, rng: Rng): StorerGrant | StorerRefusal {
  const said: Uint8Array[] = []
  const sink: LabSink = {
    sendControl: (buffer, length) => void said.push(buffer.slice(0, length)),
    sendBlocks: () => {},
    sendAs: () => {},
    deadline: () => {},
    ended: () => {},
    notice: () => {},
  }
  // A server that stores echoes the size that was announced (RFC 2349).
  const sizeBytes = optionNumber(request.options, 'tsize', 0, Number.MAX_SAFE_INTEGER) ?? 0
  const { machine, blksize } = model.serve(
    { ...request, opcode: OPCODE.rrq },
    { sink, sizeBytes, rng: rng.fork('grant') },
  )
  machine.start(0)
  const [first] = said
  if (first === undefined)
    return machine.closed ? { wireCode: undefined, text: 'says nothing to this request' } : plainGrant()
  if (readOpcode(first, 0, first.length) === OPCODE.error) {
    const error = parseError(first, 0, first.length)
    return error.ok ? { wireCode: error.value.wireCode, text: error.value.message } : READS_ONLY
  }
  const oack = parseOack(first, 0, first.length)
  const windowsize = oack.ok ? (optionNumber(oack.value, 'windowsize', 1, 65_535) ?? 1) : 1
  return { blksize, windowsize, oack: first }
}
