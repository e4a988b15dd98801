/**
 * What a watched network shows, as it happens: facts for a person who waits for a device to be heard. Times are milliseconds since the epoch.
 * Texts of peers are as on the wire, bounded, not escaped.
 */
import type { Option } from '../../packet/index.ts'
import type { Profile } from '../../profile/profile.ts'
import type { Vendor } from '../../profile/vendor.ts'
import type { CapturedTransfer, IcmpMeaning } from '../contract.ts'
import type { Diagnosis } from '../diagnosis/index.ts'
import type { DhcpMessage } from './dhcp-message.ts'

export interface WatchedHost {
  /** Empty before it has an address (DHCP). */
  readonly address: string
  readonly mac: string | undefined
  /** The maker of the network card, where the table of vendors has it. */
  readonly vendor: string | undefined
}

/** A kind of device that sends such requests. */
export interface LikelyKind {
  readonly profile: Profile
  /** 0 to 1. */
  readonly confidence: number
}

export interface WatchedRequest {
  /** From 1, in the order of the requests. */
  readonly id: number
  readonly device: WatchedHost
  readonly port: number
  readonly direction: 'read' | 'write'
  readonly file: string
  readonly mode: string
  readonly options: readonly Option[]
  readonly toAddress: string
  readonly toPort: number
  /** Whether this machine has the address that is asked; undefined when that is not known (a capture file). */
  readonly isOurs: boolean | undefined
  readonly isBroadcast: boolean
  /** Why a server may not understand the request. */
  readonly malformed: string | undefined
}

/** `no-carrier`: no signal on the cable. `off`: the card is switched off by the system. `gone`: there is no such card any more. */
export type LinkState = 'up' | 'no-carrier' | 'off' | 'gone'

/** Why a request has no answer, as far as the network shows. */
export type UnansweredBecause =
  /** This machine has the address, and nothing answers on the port. */
  | 'no-server-here'
  /** Another address than those of this machine, and nothing answers there. */
  | 'other-address'
  /** `icmp` tells. */
  | 'refused-by-icmp'
  | 'silence'

export type WatchEvent = { readonly time: number } & (
  | { readonly event: 'link'; readonly state: LinkState }
  /**
   * Nothing of TFTP, ARP or DHCP was heard of another machine for `forMs`. `frames`: other frames of other machines meanwhile, as far as they are
   * looked at.
   */
  | { readonly event: 'quiet'; readonly forMs: number; readonly frames: number; readonly link: LinkState | undefined }
  | {
      /** A device looks for the machine that has `address` (ARP). */
      readonly event: 'address-asked'
      readonly device: WatchedHost
      readonly address: string
      readonly isOurs: boolean | undefined
    }
  | {
      /** It asked `questions` times, and no answer was seen. */
      readonly event: 'address-missing'
      readonly device: WatchedHost
      readonly address: string
      readonly questions: number
      readonly isOurs: boolean | undefined
    }
  | {
      readonly event: 'address-answered'
      readonly device: WatchedHost
      readonly address: string
      readonly by: WatchedHost
      readonly isOurs: boolean | undefined
    }
  | { readonly event: 'dhcp'; readonly device: WatchedHost; readonly message: DhcpMessage }
  /** It asked for an address `questions` times, and no answer was seen. */
  | { readonly event: 'dhcp-unanswered'; readonly device: WatchedHost; readonly questions: number }
  | {
      readonly event: 'request'
      readonly request: WatchedRequest
      /** The likeliest first, at most MAX_KINDS. */
      readonly kinds: readonly LikelyKind[]
    }
  | {
      readonly event: 'unanswered'
      readonly request: WatchedRequest
      /** How often it was sent so far. */
      readonly sent: number
      readonly because: UnansweredBecause
      readonly icmp: IcmpMeaning | undefined
    }
  | {
      readonly event: 'answered'
      readonly request: WatchedRequest
      readonly server: WatchedHost
      readonly serverPort: number
      /** The options that the server granted; undefined without an OACK. */
      readonly oack: readonly Option[] | undefined
      /** Milliseconds from the last request. */
      readonly afterMs: number
    }
  | ({ readonly event: 'progress'; readonly request: WatchedRequest } & Progress)
  | ({ readonly event: 'stalled'; readonly request: WatchedRequest; readonly forMs: number } & Progress)
  | {
      /** It is over, or silent for so long that it is taken to be over. */
      readonly event: 'ended'
      readonly request: WatchedRequest
      readonly transfer: CapturedTransfer
      readonly diagnosis: Diagnosis
      /** As in `request`, with what the device did with the blocks. */
      readonly kinds: readonly LikelyKind[]
    }
)

export interface Progress {
  /** The highest block that is acknowledged. */
  readonly block: number
  /** Of the file, up to that block. */
  readonly bytes: number
  /** Of the file, where an option names it. */
  readonly sizeBytes: number | undefined
  readonly rateBytesPerSec: number
}

/** What the watcher knows before it hears anything. */
export interface WatchSetup {
  readonly profiles: readonly Profile[]
  readonly vendors: readonly Vendor[]
}

/** A bound of `kinds`: more only share the confidence. */
export const MAX_KINDS = 3
