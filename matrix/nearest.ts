/**
 * The known name closest to what somebody typed, for "did you mean": at most two edits
 * away (one for names of three letters or fewer), where swapping two neighbours is one edit.
 */
export function nearest(typed: string, known: Iterable<string>): string | undefined {
  const wanted = typed.toLowerCase()
  let best: string | undefined
  let bestDistance = wanted.length <= 3 ? 1 : 2
  for (const name of known) {
    const candidate = name.toLowerCase()
    if (Math.abs(candidate.length - wanted.length) > bestDistance) continue
    const distance = editDistance(wanted, candidate)
    if (distance < bestDistance || (distance === bestDistance && best === undefined)) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** How many names are still read by somebody who is looking for one. */
const listable = 16

/** `did you mean "x"?`; without a near name the known ones, or the first of them where they are many. */
export function suggestion(typed: string, known: Iterable<string>): string {
  const names = [...known]
  const name = nearest(typed, names)
  if (name !== undefined) return `did you mean "${name}"?`
  if (names.length <= listable) return `known: ${names.join(', ')}`
  return `known: ${names.slice(0, listable).join(', ')} and ${names.length - listable} more`
}

/** Optimal string alignment distance: insert, delete, replace, swap two neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1))
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1)
      current.push(cost)
    }
    beforeLast = last
    last = current
  }
  return last[b.length]!
}
