/** Whether the user that `in.tftpd` and `atftpd` become when root starts them can run this checkout. */
import { spawnSync } from 'node:child_process'
import { LAUNCHER } from './launcher.ts'

/** `nobody` on Linux. */
const NOBODY = 65534

/**
 * Why tests that give up root cannot run here; undefined when they can. Not root: nothing is given up. Looks as that user at the launcher
 * and at this Node, so that whatever else fails is still a failure.
 */
export function barsOtherUser(): string | undefined {
  if (process.getuid?.() !== 0) return undefined
  const { status } = spawnSync('/bin/sh', ['-c', 'test -r "$0" && test -x "$1"', LAUNCHER, process.execPath], {
    cwd: '/',
    uid: NOBODY,
    gid: NOBODY,
    stdio: 'ignore',
  })
  if (status !== 1) return undefined
  return `skipped: only root can enter this checkout, and the server gives up root; put it where every user may read it (chmod o+rx on its folders)`
}
