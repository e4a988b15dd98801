/**
 * Where profiles are: those that come with the package in `profiles/`, and the user's in the folder `profiles` of the state
 * folder. A user's profile takes the place of a built-in one of the same name.
 */
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ForesendError } from '../error.ts'
import { makeFolder } from '../make-folder.ts'
import { PACKAGE_ROOT } from '../own-files.ts'
import type { Profile } from '../profile/profile.ts'
import type { Vendor } from '../profile/vendor.ts'
import { readSmallFile } from '../small-file.ts'
import { errnoOf } from './errors.ts'
import { isProfileName, parseProfile, parseVendors, PROFILE_NAME_HINT } from './profile-schema.ts'

const BUILT_IN = fileURLToPath(new URL('profiles/', PACKAGE_ROOT))
const VENDORS_FILE = 'vendors.toml'
const EXTENSION = '.toml'
/** Some pages of text; a larger file is something else. */
const MAX_FILE_BYTES = 64 * 1024
/** A folder with more is not one of profiles. */
const MAX_USER_PROFILES = 1000

export interface StoredProfile {
  readonly profile: Profile
  readonly origin: 'built-in' | 'user'
  readonly path: string
}

export interface Profiles {
  /** By name. */
  readonly all: ReadonlyMap<string, StoredProfile>
  /** One line for each file that was skipped. */
  readonly skipped: readonly string[]
}

/** `/var/lib/foresend` for root, else foresend's folder in the user's state folder (XDG base directories). */
export function defaultStateFolder(): string {
  if (process.getuid?.() === 0) return '/var/lib/foresend'
  const state = process.env.XDG_STATE_HOME
  return join(state === undefined || state === '' ? join(homedir(), '.local', 'state') : state, 'foresend')
}

/** A built-in file that is wrong throws: the package is broken. A user's file that is wrong is skipped by name. */
export function loadProfiles(stateFolder: string): Profiles {
  const all = new Map<string, StoredProfile>()
  const skipped: string[] = []
  for (const path of tomlFiles(BUILT_IN)) {
    if (basename(path) !== VENDORS_FILE)
      all.set(profileName(path), { profile: readProfile(path), origin: 'built-in', path })
  }
  for (const path of userFiles(stateFolder)) {
    try {
      all.set(profileName(path), { profile: readProfile(path), origin: 'user', path })
    } catch (error) {
      if (!(error instanceof ForesendError)) throw error
      skipped.push(`skipped a profile: ${error.message}`)
    }
  }
  return { all, skipped }
}

export function loadVendors(): readonly Vendor[] {
  const path = join(BUILT_IN, VENDORS_FILE)
  return parseVendors(readText(path), path)
}

/** The text of a profile file, checked: the name inside is that of the file. Throws ERR_TFTP_USAGE. */
export function readProfile(path: string): Profile {
  const profile = parseProfile(readText(path), path)
  if (profile.name !== profileName(path)) {
    throw usage(
      `${path}: its name is ${profile.name}: call the file ${profile.name}${EXTENSION}, or change the name inside`,
    )
  }
  return profile
}

/** Throws ERR_TFTP_USAGE for a file that cannot be read. */
export function readText(path: string): string {
  try {
    return readSmallFile(path, MAX_FILE_BYTES).toString('utf8')
  } catch (cause) {
    const code = errnoOf(cause)
    if (code === 'EFBIG') throw usage(`${path} is too large for a profile: ${MAX_FILE_BYTES} bytes at most`)
    throw usage(`cannot read ${path}: ${code}; give the path of a profile file`)
  }
}

/** Where a user's profile of this name lies. Throws ERR_TFTP_USAGE for what is no name of a profile. */
export function userPath(stateFolder: string, name: string): string {
  if (!isProfileName(name))
    throw usage(`${JSON.stringify(name)} is no name of a profile: it takes ${PROFILE_NAME_HINT}`)
  return join(userFolder(stateFolder), `${name}${EXTENSION}`)
}

/** Writes a user's profile: it is there whole, or not at all. */
export function storeProfile(stateFolder: string, name: string, text: string): string {
  const path = userPath(stateFolder, name)
  const part = `${path}.${process.pid}.part`
  try {
    makeFolder(userFolder(stateFolder))
    writeWhole(part, path, text)
  } catch (cause) {
    throw stateError(`cannot write ${path}`, cause)
  }
  return path
}

function writeWhole(part: string, path: string, text: string): void {
  try {
    writeFileSync(part, text, { flush: true })
    renameSync(part, path)
  } catch (cause) {
    rmSync(part, { force: true })
    throw cause
  }
}

/** False when there is no such profile of the user. */
export function forgetProfile(stateFolder: string, name: string): boolean {
  const path = userPath(stateFolder, name)
  try {
    rmSync(path)
    return true
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return false
    throw stateError(`cannot remove ${path}`, cause)
  }
}

function userFolder(stateFolder: string): string {
  return join(stateFolder, 'profiles')
}

function userFiles(stateFolder: string): string[] {
  const folder = userFolder(stateFolder)
  try {
    return tomlFiles(folder).slice(0, MAX_USER_PROFILES)
  } catch (cause) {
    // Without a folder there are none.
    if (errnoOf(cause) === 'ENOENT') return []
    throw stateError(`cannot read ${folder}`, cause)
  }
}

function tomlFiles(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(EXTENSION))
  return names.sort().map((name) => join(folder, name))
}

function profileName(path: string): string {
  return basename(path, EXTENSION)
}

function stateError(failing: string, cause: unknown): ForesendError {
  const message = `${failing}: ${errnoOf(cause) || String(cause)}; choose another state folder with --state DIR`
  return new ForesendError('ERR_TFTP_ACCESS', message, { fault: 'local', cause })
}

function usage(message: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
}
