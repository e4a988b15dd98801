#!/usr/bin/env node
// Finds a Node that can run Foresend, then runs it. Plain JavaScript that Node 18 can read, so that an old Node gives a
// clear line instead of a syntax error. In a checkout the TypeScript sources run as they are; the package has dist/.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The first version whose type stripping needs no flag and prints no warning. */
const NEEDED = [24, 12]
/** SIGINT from a terminal reaches both processes; the program takes two signals in quick succession for one. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const sockets = socketsToHandOn()

if (isGood(process.versions.node) && (sockets.length === 0 || sockets[0] > 2)) {
  const source = join(root, 'src', 'cli', 'main.ts')
  const { main } = await import(existsSync(source) ? '../src/cli/main.ts' : '../dist/cli/main.js')
  await main()
} else {
  const found = findNodes(root)
  const good = isGood(process.versions.node) ? process.execPath : found.find((node) => node.problem === '')?.path
  if (good === undefined) refuse(found)
  else runUnder(good, found)
}

/**
 * Descriptors of listening sockets that this process was started with: 0 from inetd, which Node cannot take over under that number, and
 * from 3 on from systemd.
 */
function socketsToHandOn() {
  const { LISTEN_PID, LISTEN_FDS, FORESEND_SOCKETS } = process.env
  if (FORESEND_SOCKETS !== undefined) return []
  if (LISTEN_PID === String(process.pid)) {
    return Array.from({ length: Math.min(64, Number(LISTEN_FDS) || 0) }, (_, index) => 3 + index)
  }
  const command = basename(process.argv[1]) === 'foresend' ? process.argv[2] : basename(process.argv[1])
  return ['in.tftpd', 'atftpd'].includes(command) && isUdpSocket(0) ? [0] : []
}

/** By Linux' tables; elsewhere there is no telling, and nothing is handed on. */
function isUdpSocket(fd) {
  try {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`)) ?? []
    const tables = ['udp', 'udp6'].map((name) => readFileSync(`/proc/self/net/${name}`, 'latin1'))
    return inode !== undefined && tables.some((table) => table.includes(` ${inode} `))
  } catch {
    return false
  }
}

/** @param {string} version such as 24.12.0 */
function isGood(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

/** Every `node` package in the node_modules folders from `folder` upwards, nearest first. */
function findNodes(folder) {
  const nodes = []
  for (let at = folder; ; at = dirname(at)) {
    const home = join(at, 'node_modules', 'node')
    if (existsSync(join(home, 'package.json'))) nodes.push(inspect(home))
    if (dirname(at) === at) return nodes
  }
}

function inspect(home) {
  const path = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  let version = 'unknown'
  try {
    version = String(JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).version)
  } catch {
    // An unreadable package.json is the same as a wrong version: the line below names it.
  }
  if (!isGood(version)) return { path, problem: `${path} is version ${version}` }
  if (!existsSync(path)) return { path, problem: `${path} is missing (were install scripts switched off?)` }
  return { path, problem: '' }
}

function refuse(found) {
  const seen = [`this is Node ${process.versions.node}`, ...found.map((node) => node.problem)].join('; ')
  const remedy = existsSync(join(root, 'package-lock.json'))
    ? `run \`npm ci\` in ${root}, which installs one, or install Node 24 from https://nodejs.org`
    : 'install Node 24 from https://nodejs.org, or run `npm install node@24` beside it'
  console.error(`foresend: needs Node ${NEEDED.join('.')} or later, but ${seen}: ${remedy}`)
  process.exitCode = 2
}

/** Runs the same command under another Node and ends as it ended. */
function runUnder(node, found) {
  // The channel carries nothing: its end tells the program that this process was killed, so that no server stays behind.
  // Under the name that this process was called by: `in.tftpd` is a command of its own. Under inetd all three are the socket.
  const own = sockets[0] === 0 ? ['ignore', 'ignore', 'ignore'] : ['inherit', 'inherit', 'inherit']
  const child = spawn(node, [process.argv[1], ...process.argv.slice(2)], {
    stdio: [...own, ...sockets, 'ipc'],
    env: sockets.length === 0 ? process.env : { ...process.env, FORESEND_SOCKETS: String(sockets.length) },
  })
  const forward = (signal) => child.kill(signal)
  for (const signal of FORWARDED) if (signal in constants.signals) process.on(signal, forward)

  child.on('error', (error) => {
    refuse(
      [...found, { path: node, problem: `${node} does not start (${error.message})` }].filter((n) => n.problem !== ''),
    )
  })
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exit(code === null ? 1 : code)
    }
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
