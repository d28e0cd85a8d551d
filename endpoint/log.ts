/**
 * Diagnostic channels, off unless named in the environment: `DEBUG=sip:transport,rtp:*`.
 * Every line is led by the id of what it is about (a connection, a call, a cell), so
 * that one of them can be followed with grep. Never logged: credentials, keys, bodies.
 */

import debug from 'debug'

/** `id` leads the line; the rest is a `debug` format (%s, %d, %o) and its arguments. */
export type Log = (channel: string, id: string, format: string, ...args: unknown[]) => void

const channels = new Map<string, debug.Debugger>()

export const log: Log = (channel, id, format, ...args) => {
  let write = channels.get(channel)
  if (write === undefined) {
    write = debug(channel)
    channels.set(channel, write)
  }
  if (write.enabled) write(`%s ${format}`, id, ...args)
}
