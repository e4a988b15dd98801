/** The figures' names in plain words, for the page and the document. */
import { lessIsBetter, OURS, OURS_PORTABLE } from './figures.ts'

export interface Section {
  readonly title: string
  readonly text: string
  readonly cases: readonly string[]
}

export const SECTIONS: readonly Section[] = [
  {
    title: 'One device fetches a file',
    text: 'Most boot loaders wait for each block before they ask for the next (lock-step), in blocks of 512 or 1428 bytes. Newer ones agree on a window of several blocks.',
    cases: ['lockstep-512', 'lockstep-1428', 'lockstep-8192', 'window-4', 'window-16', 'window-64'],
  },
  {
    title: 'Many devices at once',
    text: 'A rack or a classroom that boots. All of them together, 512 KB each, blocks of 1428 bytes.',
    cases: ['clients-10-w1', 'clients-100-w1', 'clients-1000-w1', 'clients-100-w16', 'clients-1000-w16'],
  },
  {
    title: 'Many small files, and a stampede',
    text: 'Menus and configurations are small: what counts is how fast a transfer begins. In the stampede 5000 devices ask in the same moment, once, for 10 KB each; counted are those that do not have it after 5 seconds.',
    cases: ['starts', 'herd'],
  },
  {
    title: 'Devices store files',
    text: 'Foresend acknowledges an upload when it is flushed under its name; the other servers do not flush. Onto memory for all, and beside it Foresend onto a disk.',
    cases: ['upload-w1', 'upload-w16', 'disk-w1', 'disk-w16'],
  },
  {
    title: 'A network that loses packets',
    text: 'Four devices, 1 MB each; this share of the packets is lost in each direction.',
    cases: ['loss-1-w1', 'loss-1-w16', 'loss-5-w1', 'loss-5-w16'],
  },
  {
    title: 'Memory of a transfer that waits',
    text: 'What the server and the kernel keep for a device that has asked and then says nothing.',
    cases: ['memory'],
  },
  {
    title: "Foresend's own client",
    text: 'The commands get and put, which write to a file and take its digest. Dashed: what the same server gives to the load generator, which does neither.',
    cases: ['client-get', 'client-put'],
  },
]

const NAMES: Readonly<Record<string, string>> = {
  [OURS]: 'Foresend (batch)',
  [OURS_PORTABLE]: 'Foresend (dgram)',
}

export function serverName(server: string): string {
  return NAMES[server] ?? server
}

const UNITS: Readonly<Record<string, string>> = {
  'MB/s': 'MB/s',
  'starts/s': 'files per second',
  failed: 'devices without the file',
  KB: 'KB for each transfer',
}

export function unitText(unit: string): string {
  return UNITS[unit] ?? unit
}

export function direction(unit: string): string {
  return lessIsBetter(unit) ? 'shorter is better' : 'longer is better'
}

/** 25 November 2026, 07:46 UTC. */
export function dateText(iso: string): string {
  const date = new Date(iso)
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })
  return `${day}, ${iso.slice(11, 16)} UTC`
}
