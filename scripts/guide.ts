/**
 * Writes what `foresend diagnose` says into docs/guide/diagnose.md, between `<!-- diagnose:NAME -->` and `<!-- /diagnose:NAME -->`:
 * `node scripts/guide.ts`. A test fails when page and command differ.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { judgeCapture } from '../src/cli/diagnose/judged.ts'
import { captureLines } from '../src/cli/diagnose/text.ts'
import { PLAIN } from '../src/cli/render/style.ts'
import { patternedImage } from '../src/lab/experiment.ts'
import type { ServerName } from '../src/lab/index.ts'
import { captureOfLab } from '../test/golden/capture-of-lab.ts'

export const GUIDE = new URL('../docs/guide/diagnose.md', import.meta.url)

const DEVICE = 'archer-c2-faulty'
const SEED = 12
const IMAGE_BYTES = 1_000_000
const COLUMNS = 100

const PARTS: Readonly<Record<string, ServerName>> = { stalled: 'tftp-hpa-5.2', repaired: 'foresend' }

/** The page with what the command says now. */
export async function withOutput(page: string): Promise<string> {
  let text = page
  for (const [name, server] of Object.entries(PARTS)) {
    const place = new RegExp(`(<!-- diagnose:${name} -->\\n)[^]*?(<!-- /diagnose:${name} -->)`)
    if (!place.test(text)) throw new RangeError(`the guide has no place for diagnose:${name}`)
    const output = await outputFor(server)
    text = text.replace(place, (_, before: string, after: string) => `${before}\`\`\`\n${output}\n\`\`\`\n${after}`)
  }
  return text
}

async function outputFor(server: ServerName): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'foresend-guide-'))
  try {
    const path = join(folder, 'flash.pcap')
    writeFileSync(path, captureOfLab(DEVICE, server, patternedImage(IMAGE_BYTES, 1), SEED).file)
    const capture = await judgeCapture(path, () => {})
    return captureLines({ ...capture, path: 'flash.pcap' }, { style: PLAIN, columns: COLUMNS }).join('\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (import.meta.main) writeFileSync(GUIDE, await withOutput(readFileSync(GUIDE, 'utf8')))
