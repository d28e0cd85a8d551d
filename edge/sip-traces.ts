/**
 * The SIP messages of calls somebody wants to look at. For every other call this costs
 * one comparison; for the rest memory is bounded, and the oldest trace goes first.
 */

import type { SipTap, SipWire } from '../protocol/wire.ts'

interface Trace {
  readonly messages: SipWire[]
  bytes: number
  truncated: boolean
}

const limits = { traces: 500, messages: 500, bytes: 512 * 1024 }

export interface SipTracesOptions {
  /** Whether anything at all may have to be traced: asked for each message, so cheap. */
  readonly anyWanted: () => boolean
  /** Whether calls to this user part are to be traced. */
  readonly wants: (user: string) => boolean
}

export class SipTraces implements SipTap {
  readonly #traces = new Map<string, Trace>()
  /** Call-IDs whose messages are still being added. */
  readonly #live = new Set<string>()
  readonly #options: SipTracesOptions

  constructor(options: SipTracesOptions) {
    this.#options = options
  }

  /** Traces a call from now on. */
  start(callId: string): void {
    if (this.#traces.has(callId)) return
    this.#traces.set(callId, { messages: [], bytes: 0, truncated: false })
    this.#live.add(callId)
    const [oldest] = this.#traces.keys()
    if (this.#traces.size > limits.traces && oldest !== undefined) this.drop([oldest])
  }

  /** Adds nothing more to these traces, and keeps them. */
  finish(callIds: readonly string[]): void {
    for (const callId of callIds) this.#live.delete(callId)
  }

  drop(callIds: readonly string[]): void {
    for (const callId of callIds) {
      this.#traces.delete(callId)
      this.#live.delete(callId)
    }
  }

  get(callId: string): { readonly messages: readonly SipWire[]; readonly truncated: boolean } | undefined {
    return this.#traces.get(callId)
  }

  sip(event: SipWire): void {
    const wanted = this.#options.anyWanted()
    if (!wanted && this.#live.size === 0) return
    const head = headOf(event.bytes)
    const callId = /^(?:call-id|i)[ \t]*:[ \t]*(\S+)/im.exec(head)?.[1]
    if (callId === undefined) return
    if (wanted && event.dir === 'in' && !this.#traces.has(callId)) {
      const user = /^INVITE (?:sips?|tel):([^@;?\s:]+)/i.exec(head)?.[1]
      if (user !== undefined && this.#options.wants(decode(user))) this.start(callId)
    }
    if (this.#live.has(callId)) this.#add(callId, event)
  }

  #add(callId: string, event: SipWire): void {
    const trace = this.#traces.get(callId)
    if (trace === undefined) return
    if (trace.messages.length >= limits.messages || trace.bytes + event.bytes.length > limits.bytes) {
      trace.truncated = true
      return
    }
    trace.bytes += event.bytes.length
    // A copy: the buffer belongs to the socket. (`slice` of a Buffer would share it.)
    trace.messages.push({ ...event, bytes: new Uint8Array(event.bytes) })
  }
}

/** Start line and headers, as far as a Call-ID can be expected. */
function headOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 8192)).toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  return end < 0 ? text : text.slice(0, end)
}

function decode(user: string): string {
  try {
    return decodeURIComponent(user)
  } catch {
    return user
  }
}
