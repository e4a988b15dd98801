#!/usr/bin/env node
// Finds a Node that can run Foresend, then runs it. Plain JavaScript that Node 18 can read, so that an old Node gives a
// clear line instead of a syntax error. In a checkout the TypeScript sources run as they are; the package has dist/.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The first version whose type stripping needs no flag and prints no warning. */
const NEEDED = [24, 12]
/** SIGINT from a terminal reaches both processes; the program takes two signals in quick succession for one. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']

const root = dirname(dirname(fileURLToPath(import.meta.url)))

if (isGood(process.versions.node)) {
  const source = join(root, 'src', 'cli', 'main.ts')
  const { main } = await import(existsSync(source) ? '../src/cli/main.ts' : '../dist/cli/main.js')
  await main()
} else {
  const found = findNodes(root)
  const good = found.find((node) => node.problem === '')
  if (good === undefined) refuse(found)
  else runUnder(good.path, found)
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
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
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
