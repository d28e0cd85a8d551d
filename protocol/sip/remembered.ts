/**
 * A reader that remembers the last few values it read. One message's Via, From and To are
 * looked at by the checks, the transport, the transaction, the dialog and again for the
 * response: most of what reading a message costs. What it returns is shared, so it must
 * not be changed.
 */
export function remembered<T>(read: (value: string) => T, slots: number): (value: string) => T {
  const values: string[] = []
  const results: T[] = []
  let next = 0
  return (value) => {
    const at = values.indexOf(value)
    if (at >= 0) return results[at]!
    const result = read(value)
    values[next] = value
    results[next] = result
    next = (next + 1) % slots
    return result
  }
}
