/** The profiles as a command uses them: what was skipped is said, and a name that is not there gets its neighbours. */
import { Option } from 'commander'
import { defaultStateFolder, loadProfiles, type Profiles, type StoredProfile } from '../../content/profile-files.ts'
import { didYouMean } from '../../lab/device/nearest.ts'
import type { Context } from '../context.ts'
import { usageError } from '../exit.ts'

export interface StateFlags {
  readonly state?: string
}

export function stateOption(): Option {
  return new Option('--state <DIR>', `the state folder, whose folder profiles has your own (${defaultStateFolder()})`)
}

export function stateFolder({ state }: StateFlags): string {
  return state ?? defaultStateFolder()
}

export function profilesFor(context: Context, flags: StateFlags): Profiles {
  const profiles = loadProfiles(stateFolder(flags))
  for (const line of profiles.skipped) context.stderr.write(`foresend: ${line}\n`)
  return profiles
}

/** Throws ERR_TFTP_USAGE with the names that are near. */
export function profileNamed({ all }: Profiles, name: string): StoredProfile {
  const stored = all.get(name)
  if (stored === undefined) throw usageError(`unknown profile ${JSON.stringify(name)}${didYouMean(name, all.keys())}`)
  return stored
}
