/**
 * Run in a network namespace of the tests: a client that stops in the middle, waits for a line on standard input, and then repeats
 * itself as long as it takes. Prints `{"paused":true}`, goes on with any line on standard input, and prints how it ended.
 * Arguments: get or put, own address, server's address, port, file, blksize, windowsize, block to stop before (0: never).
 */
import { createSocket } from 'node:dgram'
import { crc32 } from 'node:zlib'
import { pattern } from './pattern.ts'

const REPEAT_MS = 250
const LIMIT_MS = 120_000
/** What `put` sends. */
const PUT_BYTES = 60_000

const [direction = '', own = '', server = '', ...rest] = process.argv.slice(2)
const [port = '', file = '', blksizeText = '', windowsizeText = '', pauseText = ''] = rest
const [blksize, windowsize, pauseAt] = [blksizeText, windowsizeText, pauseText].map(Number)
const sent = pattern(PUT_BYTES)
const blocks: Buffer[] = []
let tid = 0
let acknowledged = 0
let isPaused = false
let wasPaused = pauseAt === 0
let inWindow = 0

// A network that is away is an error of a send, here as there.
const socket = createSocket('udp4').on('error', () => {})
socket.bind(0, own, () => {
  repeat()
  setInterval(repeat, REPEAT_MS)
})
socket.on('message', (data, from) => {
  if (isPaused || (tid !== 0 && from.port !== tid)) return
  tid = from.port
  const [, opcode] = data
  if (opcode === 5) end({ error: data.toString('latin1', 4) })
  else if (direction === 'get') read(opcode, data)
  else wrote(opcode === 6 ? 0 : data.readUInt16BE(2))
})
process.stdin.on('data', () => {
  isPaused = false
  repeat()
})
setTimeout(() => end({ error: 'it took too long' }), LIMIT_MS)

function read(opcode: number | undefined, data: Buffer): void {
  if (opcode === 6) return acknowledge()
  if (opcode !== 3 || data.readUInt16BE(2) !== blocks.length + 1) return
  if (pauses(blocks.length + 1)) return
  blocks.push(data.subarray(4))
  const isFinal = data.length < blksize + 4
  if (isFinal || ++inWindow >= windowsize) acknowledge()
  if (isFinal) end({ bytes: Buffer.concat(blocks).length, crc32: crc32(Buffer.concat(blocks)) })
}

function wrote(block: number): void {
  if (block !== acknowledged && block !== acknowledged + 1) return
  if (block === Math.floor(PUT_BYTES / blksize) + 1) return end({ bytes: PUT_BYTES, crc32: crc32(sent) })
  acknowledged = block
  if (!pauses(block + 1)) sendBlock()
}

function pauses(block: number): boolean {
  if (wasPaused || block !== pauseAt) return false
  wasPaused = true
  isPaused = true
  process.stdout.write('{"paused":true}\n')
  return true
}

function repeat(): void {
  if (isPaused) return
  const options = `octet\0blksize\0${blksize}\0windowsize\0${windowsize}\0`
  if (tid === 0)
    send(Buffer.from(`\0${direction === 'get' ? '\x01' : '\x02'}${file}\0${options}`, 'latin1'), Number(port))
  else if (direction === 'get') acknowledge()
  else sendBlock()
}

function acknowledge(): void {
  inWindow = 0
  send(Buffer.from([0, 4, blocks.length >> 8, blocks.length & 255]), tid)
}

function sendBlock(): void {
  const payload = sent.subarray(acknowledged * blksize, (acknowledged + 1) * blksize)
  send(Buffer.concat([Buffer.from([0, 3, (acknowledged + 1) >> 8, (acknowledged + 1) & 255]), payload]), tid)
}

function send(data: Buffer, to: number): void {
  socket.send(data, to, server, () => {})
}

function end(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit())
}
