import { type Axes, axisNames } from './axes.ts'

/** One platform with one value on each axis. */
export interface Cell {
  /** Stable for ever, and usable as a folder name: `asterisk.inbound.udp.rtp.static.rfc4733.pcmu.none`. */
  readonly id: string
  readonly platform: string
  readonly axes: Axes
  /** Whether the guide claims it. An unclaimed cell is a probe: it can break no claim. */
  readonly claimed: boolean
  /** Ids of the clauses a call in this cell bears on. */
  readonly clauses: readonly string[]
}

/** The id of a platform's cell: the platform, then its values in the order of the axes. */
export function cellId(platform: string, axes: Axes): string {
  return [platform, ...axisNames.map((axis) => axes[axis])].join('.')
}
