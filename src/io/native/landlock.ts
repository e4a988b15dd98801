/**
 * Landlock: a program gives up the right to open files other than those that it names (landlock(7)). It holds for the calling thread
 * and for what that thread starts afterwards, a program in its place included; there is no way back.
 */
import { closeSync, fstatSync, openSync } from 'node:fs'
import type { ConfinementCalls } from './linux.ts'

/** Existing files and folders, by what may be done with them and all below. */
export interface Allowed {
  readonly read: readonly string[]
  /** Reading included; everything but to execute and to make devices. */
  readonly write: readonly string[]
  /** Reading included. */
  readonly execute: readonly string[]
}

/** O_PATH | O_CLOEXEC */
const PATH_ONLY = 0x20_0000 | 0x8_0000

const EXECUTE = 1 << 0
const WRITE_FILE = 1 << 1
const READ_FILE = 1 << 2
const READ_DIR = 1 << 3
const REMOVE_DIR = 1 << 4
const REMOVE_FILE = 1 << 5
const MAKE_CHAR = 1 << 6
const MAKE_DIR = 1 << 7
const MAKE_REG = 1 << 8
const MAKE_SOCK = 1 << 9
const MAKE_FIFO = 1 << 10
const MAKE_BLOCK = 1 << 11
const MAKE_SYM = 1 << 12
/** Since version 2: to rename from one folder into another. */
const REFER = 1 << 13
/** Since version 3. */
const TRUNCATE = 1 << 14

const READ = READ_FILE | READ_DIR
const WRITE =
  READ |
  WRITE_FILE |
  REMOVE_DIR |
  REMOVE_FILE |
  MAKE_DIR |
  MAKE_REG |
  MAKE_SOCK |
  MAKE_FIFO |
  MAKE_SYM |
  REFER |
  TRUNCATE
/** What the kernel lets a rule say of a single file. */
const OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE

/** Gives up everything but `allowed`, and new privileges with it. A path that is not there allows nothing. The reason in words when the kernel cannot. */
export function confineTo(native: ConfinementCalls, allowed: Allowed): string | undefined {
  const version = native.landlockCreate(undefined)
  if (version < 1) return `the kernel has no Landlock, or it is switched off (errno ${-version})`
  const handled = handledBy(version)
  const attributes = new Uint8Array(8)
  new DataView(attributes.buffer).setBigUint64(0, BigInt(handled), true)
  const ruleset = native.landlockCreate(attributes)
  if (ruleset < 0) return `the kernel refuses a Landlock ruleset (errno ${-ruleset})`
  try {
    for (const path of allowed.read) allow(native, ruleset, path, READ & handled)
    for (const path of allowed.write) allow(native, ruleset, path, WRITE & handled)
    for (const path of allowed.execute) allow(native, ruleset, path, (READ | EXECUTE) & handled)
    const privileges = native.noNewPrivileges()
    if (privileges < 0) return `the kernel refuses to bar new privileges (errno ${-privileges})`
    const restricted = native.landlockRestrict(ruleset)
    return restricted < 0 ? `the kernel refuses to confine this program (errno ${-restricted})` : undefined
  } finally {
    native.close(ruleset)
  }
}

function handledBy(version: number): number {
  const first = WRITE | EXECUTE | MAKE_CHAR | MAKE_BLOCK
  return first & ~(version < 2 ? REFER : 0) & ~(version < 3 ? TRUNCATE : 0)
}

function allow(native: ConfinementCalls, ruleset: number, path: string, access: number): void {
  let fd: number
  try {
    fd = openSync(path, PATH_ONLY)
  } catch {
    return
  }
  try {
    // struct landlock_path_beneath_attr is packed: 64 bits of access and a descriptor.
    const attributes = new Uint8Array(12)
    const view = new DataView(attributes.buffer)
    view.setBigUint64(0, BigInt(fstatSync(fd).isDirectory() ? access : access & OF_FILES), true)
    view.setInt32(8, fd, true)
    const added = native.landlockAllow(ruleset, attributes)
    if (added < 0) throw new Error(`the kernel refuses a Landlock rule for ${path} (errno ${-added})`)
  } finally {
    closeSync(fd)
  }
}
