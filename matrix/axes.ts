/**
 * The axes a call between a phone system and the edge can vary on, and their values. The
 * order of the axes is the order of their values in a cell's id, which is stable for ever.
 */

/** Every value of every axis. `axes.yaml` says what each means and which are in force. */
export const axisValues = {
  direction: ['inbound', 'outbound'],
  transport: ['udp', 'tcp', 'tls'],
  media: ['rtp', 'sdes', 'dtls', 'osrtp-sdes', 'osrtp-dtls'],
  registration: ['static', 'register'],
  dtmf: ['rfc4733', 'info'],
  codec: ['pcmu', 'pcma', 'opus'],
  nat: ['none', 'symmetric'],
} as const

export type AxisName = keyof typeof axisValues
type AxisValue<A extends AxisName> = (typeof axisValues)[A][number]

/** One value on each axis. */
export type Axes = { readonly [A in AxisName]: AxisValue<A> }

/** Some values of some axes; an axis that is absent stands for all of its values. */
export type AxisSelection = { readonly [A in AxisName]?: readonly AxisValue<A>[] | undefined }

export const axisNames = Object.keys(axisValues) as AxisName[]

export function isAxisName(name: string): name is AxisName {
  return Object.hasOwn(axisValues, name)
}

/** Whether every axis of `axes` has one of the selected values. */
export function matches(axes: Axes, selection: AxisSelection): boolean {
  return axisNames.every((axis) => {
    const values: readonly string[] | undefined = selection[axis]
    return values === undefined || values.includes(axes[axis])
  })
}

/** Every combination of one value per axis, legal or not, in the order of the axes. */
export function combinations(): Axes[] {
  let rows: Partial<Record<AxisName, string>>[] = [{}]
  for (const axis of axisNames) {
    rows = rows.flatMap((row) => axisValues[axis].map((value) => ({ ...row, [axis]: value })))
  }
  return rows as Axes[]
}
