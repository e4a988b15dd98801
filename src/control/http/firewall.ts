/** What the firewall of this machine says, where this user may ask it. */
import { execFile } from 'node:child_process'

export interface FirewallWord {
  readonly said: string
}

const ANSWER_WITHIN_MS = 1000
/** An answer counts this long: a page asks again and again. */
const KEEP_MS = 15_000

let kept: { readonly at: number; readonly port: number; readonly word: Promise<FirewallWord | null> } | undefined

/** Null where it lets everything in, or cannot be asked. Never rejects. */
export function firewallWord(port: number): Promise<FirewallWord | null> {
  const now = performance.now()
  if (kept === undefined || kept.port !== port || now - kept.at > KEEP_MS) kept = { at: now, port, word: ask(port) }
  return kept.word
}

async function ask(port: number): Promise<FirewallWord | null> {
  if (process.platform !== 'linux') return null
  const state = await said('firewall-cmd', ['--state'])
  if (state?.trim() === 'running') {
    const open = await said('firewall-cmd', ['--list-all'])
    if (open !== undefined && !/\btftp\b/.test(open) && !open.includes(`${port}/udp`))
      return {
        said: `firewalld runs, and does not list UDP port ${port}: \`sudo firewall-cmd --add-port=${port}/udp\` lets it in`,
      }
    return null
  }
  const chains = await said('nft', ['list', 'chains'])
  if (chains === undefined || !/hook input [^}]*policy drop/.test(chains)) return null
  const rules = await said('nft', ['list', 'ruleset'])
  if (rules !== undefined && new RegExp(`udp dport [^\\n]*\\b${port}\\b[^\\n]*accept`).test(rules)) return null
  return {
    said: `nftables drops what comes in and no rule names UDP port ${port}: \`sudo nft list ruleset\` shows the rules, and one with \`udp dport ${port} accept\` lets it in`,
  }
}

/** Undefined where the program is not there, is not permitted, or takes too long. */
function said(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    try {
      execFile(program, [...args], { timeout: ANSWER_WITHIN_MS, maxBuffer: 1 << 20 }, (error, stdout) =>
        resolve(error === null ? stdout : undefined),
      )
    } catch {
      // Some failures to start a program are thrown.
      resolve(undefined)
    }
  })
}
