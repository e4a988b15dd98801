/** "Did you mean": the names nearest to one that is unknown. */

const MOST_NAMED = 3
/** Names that are this much further away than the nearest are not meant. */
const SPREAD = 2

/** At most three of `names`, nearest first; empty when none resembles `wanted`. */
export function nearest(wanted: string, names: Iterable<string>): string[] {
  const scored: { name: string; distance: number }[] = []
  for (const name of names) {
    const distance = distanceOf(wanted.toLowerCase(), name.toLowerCase())
    if (distance <= mostEdits(wanted.length, name.length)) scored.push({ name, distance })
  }
  const surplus = (name: string): number => Math.abs(name.length - wanted.length)
  scored.sort((a, b) => a.distance - b.distance || surplus(a.name) - surplus(b.name) || (a.name < b.name ? -1 : 1))
  const near = scored.filter(({ distance }) => distance <= scored[0].distance + SPREAD)
  return near.slice(0, MOST_NAMED).map(({ name }) => name)
}

/** `; did you mean a or b?`, or with nothing near `; known: all of them`. */
export function didYouMean(wanted: string, names: Iterable<string>): string {
  const all = [...names]
  const near = nearest(wanted, all)
  if (near.length === 0) return all.length === 0 ? '; it takes none' : `; known: ${all.join(', ')}`
  return `; did you mean ${listed(near)}?`
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

/** Half of the shorter name may differ, but a name that contains the other is near in any case. */
function mostEdits(a: number, b: number): number {
  return Math.max(1, Math.floor(Math.min(a, b) / 2))
}

/** Edits that turn one into the other; one that contains the other costs one. */
function distanceOf(a: string, b: string): number {
  if (a === b) return 0
  if (Math.min(a.length, b.length) >= 3 && (a.includes(b) || b.includes(a))) return 1
  let before = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = before[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(before[j] + 1, row[j - 1] + 1, change))
    }
    before = row
  }
  return before[b.length]
}
