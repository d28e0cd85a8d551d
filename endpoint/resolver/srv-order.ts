/** In which order the servers of a domain are tried: RFC 2782, "The format of the SRV RR". */

export interface SrvRecord {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
}

/**
 * Lowest priority first; among equals at random, in proportion to weight, those of weight
 * 0 last for all practical purposes. `random` gives 0 up to 1.
 */
export function orderSrv(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const ordered: SrvRecord[] = []
  for (const priority of [...new Set(records.map((record) => record.priority))].sort((a, b) => a - b)) {
    // "Place all the records with weight 0 at the beginning": they win only when 0 itself is drawn.
    const left = records.filter((record) => record.priority === priority).sort((a, b) => a.weight - b.weight)
    while (left.length > 0) {
      const sum = left.reduce((total, { weight }) => total + weight, 0)
      const drawn = Math.floor(random() * (sum + 1))
      let running = 0
      const index = left.findIndex(({ weight }) => {
        running += weight
        return running >= drawn
      })
      ordered.push(...left.splice(index, 1))
    }
  }
  return ordered
}
