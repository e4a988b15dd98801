/**
 * Counts the way of an acknowledgement through a healthy lock-step transfer: `node scripts/ack-path.ts [TREE] [-- serve flags]`. How many files
 * of `src/` run from one ACK to the next, the driver included, and how often the program changes from one file to another.
 * TREE is another checkout, to compare with.
 */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { encodeRequest, readBlock, writeAck } from '../src/packet/index.ts'

const BLOCKS = 4000
const PORT = 20_000 + (process.pid % 20_000)
const LIMIT_MS = 60_000

const tree = resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)))
const flags = process.argv.slice(3)
const folder = mkdtempSync(join(tmpdir(), 'ack-path-'))
writeFileSync(join(folder, 'image.bin'), new Uint8Array(BLOCKS * 512))
const hook = new URL('ack-path-hook.ts', import.meta.url).href
const launcher = join(tree, 'bin', 'foresend.js')
const args = ['--disable-warning=ExperimentalWarning', '--import', hook, launcher, 'serve', folder]
const server = spawn(process.execPath, [...args, '--host', '127.0.0.1', '--port', String(PORT), ...flags], {
  stdio: ['ignore', 'pipe', 'pipe'],
  env: { ...process.env, STATE_DIRECTORY: join(folder, 'state') },
})
const limit = setTimeout(() => finish(1), LIMIT_MS)
createInterface({ input: server.stderr }).on('line', (line) => {
  if (!line.startsWith('ACK-PATH ')) return console.error(line)
  const { files, changes, names } = JSON.parse(line.slice('ACK-PATH '.length)) as {
    files: number
    changes: number
    names: string[]
  }
  console.log(`${files} files, ${changes.toFixed(1)} changes of file for each ACK\n  ${names.join('\n  ')}`)
  finish(0)
})
createInterface({ input: server.stdout }).once('line', fetch)

/** One whole transfer, block by block. */
function fetch(): void {
  const socket = createSocket('udp4')
  const ack = new Uint8Array(4)
  socket.on('message', (data, from) => {
    writeAck(ack, 0, readBlock(data, 0))
    socket.send(ack, from.port, from.address)
    if (data.length < 516) socket.close()
  })
  socket.send(encodeRequest({ opcode: 1, filename: 'image.bin', mode: 'octet', options: [] }), PORT, '127.0.0.1')
}

function finish(code: number): void {
  clearTimeout(limit)
  server.kill('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}
