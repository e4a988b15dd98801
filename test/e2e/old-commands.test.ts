/** In the place of other servers: their names and command lines, inetd, systemd, the system log. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findProgram, freePort, missingNote } from '../interop/programs.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { run, type Running, start } from './cli-run.ts'
import { LAUNCHER } from '../support/launcher.ts'
import { barsOtherUser } from '../support/other-user.ts'
import { RawClient } from './raw-client.ts'

const CONTENT = 'an image'

interface Place {
  readonly root: string
  /** A folder in front of PATH, for programs that stand for others. */
  readonly bin: string
  readonly env: Readonly<Record<string, string>>
  readonly port: number
}

/** A folder with a file that anybody may read, a port that is free, and links to the program under the names of others. */
async function place(): Promise<Place> {
  const folder = tempFolder()
  const [root, bin] = ['srv', 'bin'].map((name) => join(folder, name))
  for (const path of [root, bin]) mkdirSync(path)
  writeFileSync(join(root, 'f'), CONTENT)
  chmodSync(folder, 0o755)
  chmodSync(join(root, 'f'), 0o644)
  for (const name of ['in.tftpd', 'atftpd']) symlinkSync(LAUNCHER, join(bin, name))
  symlinkSync(process.execPath, join(bin, 'node'))
  const env = { PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`, STATE_DIRECTORY: tempFolder() }
  return { root, bin, env, port: await freePort() }
}

/** A program on the PATH of `bin` that appends what it is given to `file`, which a confined server could not. */
function recorder(bin: string, name: string, what: string): string {
  const file = join(bin, `${name}.said`)
  writeFileSync(join(bin, name), `#!/bin/sh\n{ ${what}; } >> '${file}'\n`)
  chmodSync(join(bin, name), 0o755)
  return file
}

/** What the server says about a file: its bytes, or the ERROR. Asks again, as a client does, until it listens. */
async function fetched(port: number, name: string, address = '127.0.0.1'): Promise<string> {
  const client = await RawClient.open(port, address)
  try {
    // From one port, as a client does: what a server gets while it starts is one transfer then.
    for (let tries = 0; ; tries++) {
      client.request(1, name)
      const packet = await client.maybeNext(tries < 40 ? 500 : 10_000)
      if (packet === undefined) continue
      client.ack(1, packet.port)
      return packet.opcode === 5 ? `ERROR ${packet.number}` : packet.body.toString()
    }
  } finally {
    client.close()
  }
}

/** For programs of `recorder`. */
function unconfined(env: Place['env']): Place['env'] {
  return { ...env, FORESEND_NO_CONFINEMENT: '1' }
}

async function ended(running: Running): Promise<number | null> {
  running.child.kill('SIGTERM')
  return (await running.ended).code
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50))
}

/** A test that is skipped says what it lacks. */
function withNote(name: string, found: string | undefined, program: string, debianPackage: string): string {
  return found === undefined ? `${name}: ${missingNote(program, debianPackage)}` : name
}

const barred = barsOtherUser()

/** A test whose server gives up root. */
function rootless(name: string, run: () => Promise<void>): void {
  test.skipIf(barred !== undefined)(barred === undefined ? name : `${name}: ${barred}`, run)
}

describe('under another name', () => {
  rootless('in.tftpd -L with whole paths, the log of the system, and root given up', async () => {
    const { root, bin, env, port } = await place()
    const log = recorder(bin, 'logger', 'echo "$@"; cat')
    const server = start(['-L', '-v', '-a', `127.0.0.1:${port}`, root], {
      command: [join(bin, 'in.tftpd')],
      env: unconfined(env),
    })
    expect(await fetched(port, `${root}/f`)).toBe(CONTENT)
    expect(await fetched(port, 'f')).toBe('ERROR 2')
    expect(await fetched(port, '/etc/passwd')).toBe('ERROR 2')
    expect(await fetched(port, `${root}/../bin/node`)).toMatch(/^ERROR [12]$/)
    if (process.getuid?.() === 0) {
      // It listens a moment before.
      const status = `/proc/${server.child.pid}/status`
      await until(() => /\nUid:\t65534\t65534\t65534\t65534\n/.test(readFileSync(status, 'latin1')))
    }
    expect(await ended(server)).toBe(0)
    const said = readFileSync(log, 'utf8')
    expect(said).toMatch(/^--prio-prefix --id=\d+ --tag in\.tftpd\n/)
    expect(said).toMatch(/\n<30>listening on 127\.0\.0\.1:/)
    expect(said).toMatch(/\n<30>completed 127\.0\.0\.1:\d+ has /)
    expect(said).toMatch(/\n<28>refused /)
  })

  rootless('in.tftpd -l leaves the terminal when it serves, and its pidfile ends it', async () => {
    const { root, bin, env, port } = await place()
    recorder(bin, 'logger', 'cat')
    const pidfile = join(tempFolder(), 'pid')
    chmodSync(dirname(pidfile), 0o777)
    const args = ['-l', '-s', '-a', `127.0.0.1:${port}`, '-P', pidfile, root]
    const { code, stderr } = await run(args, { command: [join(bin, 'in.tftpd')], env })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const pid = Number(readFileSync(pidfile, 'utf8'))
    onTestFinished(() => {
      if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL')
    })
    expect(await fetched(port, 'f')).toBe(CONTENT)
    process.kill(pid, 'SIGTERM')
    await until(() => !existsSync(`/proc/${pid}`))
    expect(existsSync(pidfile)).toBe(false)
  })

  test('in.tftpd -l says why it cannot serve', async () => {
    const { bin, env, port } = await place()
    const ran = await run(['-l', '-s', '-a', `127.0.0.1:${port}`, '/nowhere'], {
      command: [join(bin, 'in.tftpd')],
      env,
    })
    expect(ran.code).toBe(2)
    expect(ran.stderr).toMatch(/^foresend: there is no folder or file "\/nowhere"/)
  })

  rootless('atftpd --daemon --no-fork with a log file', async () => {
    const { root, bin, env, port } = await place()
    const log = join(bin, 'log')
    const args = [
      '--daemon',
      '--no-fork',
      '--port',
      String(port),
      '--bind-address',
      '127.0.0.1',
      '--logfile',
      log,
      root,
    ]
    const server = start(args, { command: [join(bin, 'atftpd')], env })
    expect(await fetched(port, 'f')).toBe(CONTENT)
    expect(await ended(server)).toBe(0)
    expect(readFileSync(log, 'utf8')).toMatch(/completed 127\.0\.0\.1/)
  })
})

const activate = findProgram('systemd-socket-activate')

describe.skipIf(activate === undefined)(
  withNote('sockets of systemd', activate, 'systemd-socket-activate', 'systemd'),
  () => {
    test.each([
      ['of one address', (port: number) => `127.0.0.1:${port}`, ['127.0.0.1']],
      ['of every address, both kinds', (port: number) => `[::]:${port}`, ['127.0.0.1', '::1']],
    ])('%s', async (_, listen, addresses) => {
      const { root, bin, env, port } = await place()
      const told = recorder(bin, 'systemd-notify', 'echo "$@"')
      const pass = Object.entries({ ...env, NOTIFY_SOCKET: '/run/nowhere' }).flatMap(([key, value]) => [
        '-E',
        `${key}=${value}`,
      ])
      const command = ['systemd-socket-activate', '--datagram', '-l', listen(port), ...pass, process.execPath, LAUNCHER]
      // Each kind of port of transfers.
      const flags = [
        '--exit-idle',
        '1.5',
        '--log-format',
        'json',
        '--no-history',
        // The program that stands for systemd-notify writes a file.
        '--no-confinement',
        ...(addresses.length > 1 ? ['--single-port'] : []),
      ]
      const server = start(['serve', root, ...flags], { command, env })
      for (const address of addresses) expect(await fetched(port, 'f', address)).toBe(CONTENT)
      const { code, stdout } = await server.ended
      expect(code).toBe(0)
      expect(stdout).toContain(`"port":${port},"driver":"dgram"`)
      expect(readFileSync(told, 'utf8')).toBe(`READY=1 STATUS=serving ${root}\nSTOPPING=1\n`)
    })

    test('through the launcher of an old Node', async () => {
      const { root, env, port } = await place()
      const claimOld = join(root, 'claim-old.cjs')
      writeFileSync(
        claimOld,
        "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.8' } })\n",
      )
      const pass = Object.entries(env).flatMap(([key, value]) => ['-E', `${key}=${value}`])
      const old = [process.execPath, '--require', claimOld, LAUNCHER]
      const command = ['systemd-socket-activate', '--datagram', '-l', `127.0.0.1:${port}`, ...pass, ...old]
      const server = start(['serve', root, '--exit-idle', '1', '--no-history'], { command, env })
      expect(await fetched(port, 'f')).toBe(CONTENT)
      expect((await server.ended).code).toBe(0)
    })
  },
)

const inetd = findProgram('inetd')

describe.skipIf(inetd === undefined)(withNote('inetd', inetd, 'inetd', 'openbsd-inetd'), () => {
  rootless('wait: the first request starts it and is answered, and it ends when idle', async () => {
    const { root, bin, env, port } = await place()
    recorder(bin, 'logger', 'cat')
    const config = join(bin, 'inetd.conf')
    const command = `${process.execPath} node ${join(bin, 'in.tftpd')} -s -t 1 ${root}`
    writeFileSync(config, `127.0.0.1:${port} dgram udp wait root ${command}\n`)
    const daemon = spawn(inetd as string, ['-d', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    })
    let said = ''
    daemon.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    try {
      await until(() => said.includes('ADD: '))
      expect(await fetched(port, 'f')).toBe(CONTENT)
      const started = /(\d+) execv/.exec(said)?.[1]
      await until(() => !existsSync(`/proc/${started}`))
      expect(await fetched(port, 'f')).toBe(CONTENT)
    } finally {
      // It does not end by SIGTERM while what it starts fails.
      daemon.kill('SIGKILL')
      await once(daemon, 'exit')
    }
  })
})
