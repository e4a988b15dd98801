/**
 * Draws the state diagrams of ARCHITECTURE.md from the transition tables that the machines run on: `npm run diagrams`.
 * A test fails when the page and the tables differ.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { RECEIVER_TRANSITIONS, SENDER_TRANSITIONS, type Transition } from '../src/transfer/phases.ts'

const PAGE = new URL('../ARCHITECTURE.md', import.meta.url)

/** The page with its diagrams drawn anew. Each stands between `<!-- diagram:NAME -->` and `<!-- /diagram:NAME -->`. */
export function withDiagrams(page: string): string {
  return page
    .replace(region('sender'), `$1${draw(SENDER_TRANSITIONS)}$2`)
    .replace(region('receiver'), `$1${draw(RECEIVER_TRANSITIONS)}$2`)
}

function region(name: string): RegExp {
  return new RegExp(`(<!-- diagram:${name} -->\\n)[^]*?(<!-- /diagram:${name} -->)`)
}

function draw(table: readonly Transition<string, string>[]): string {
  const ends = new Set(table.map((row) => row.to).filter((to) => !table.some((row) => row.from === to)))
  const lines = ['```mermaid', 'stateDiagram-v2', '  direction LR', `  [*] --> ${table[0].from}`]
  for (const row of table) lines.push(`  ${row.from} --> ${row.to}: ${row.note}`)
  for (const end of ends) lines.push(`  ${end} --> [*]`)
  return `${lines.join('\n')}\n\`\`\`\n`
}

if (import.meta.main) {
  writeFileSync(PAGE, withDiagrams(readFileSync(PAGE, 'utf8')))
}
