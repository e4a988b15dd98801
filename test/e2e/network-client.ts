/**
 * Run in a network namespace of the tests: asks for a file and prints who answered.
 * Arguments: own address, server's address (a broadcast one, or with a zone, too), port, file, milliseconds to wait.
 */
import { createSocket } from 'node:dgram'

const [own = '', server = '', port = '', file = '', waitMs = ''] = process.argv.slice(2)
const socket = createSocket(own.includes(':') ? 'udp6' : 'udp4')
const blocks: Buffer[] = []
let from = ''

socket.bind(0, own, () => {
  if (!own.includes(':')) socket.setBroadcast(true)
  socket.send(Buffer.from(`\0\x01${file}\0octet\0`), Number(port), server)
})
socket.on('message', (data, peer) => {
  from = peer.address
  if (data[1] !== 3) return end({ from, error: data.toString('latin1', 4) })
  if (data.readUInt16BE(2) === blocks.length + 1) blocks.push(data.subarray(4))
  socket.send(Buffer.from([0, 4, data[2] as number, data[3] as number]), peer.port, peer.address)
  if (data.length < 516) end({ from, bytes: Buffer.concat(blocks).length })
})
setTimeout(() => end({ timeout: true }), Number(waitMs))

function end(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit())
}
