/**
 * The agent: what stands in for a person (or a voice AI) on our side of a call. It does
 * what its script says, and nothing else; what it hears goes to whoever keeps the record.
 */

import type { Clock, Timer } from '../endpoint/clock.ts'
import type { MediaOptions, MediaSession } from '../endpoint/media/types.ts'
import type { Call, IncomingCall } from '../endpoint/user-agent-types.ts'
import type { AgentScript } from './api/schemas.ts'
import type { Log } from './log.ts'

export interface AgentOptions {
  readonly script: AgentScript
  readonly clock: Clock
  readonly log: Log
}

/** Takes an incoming call: answers it with `media`, lets it ring, or refuses it, as the script says. */
export function attendIncoming(call: IncomingCall, media: MediaOptions, options: AgentOptions): void {
  const { script } = options
  const timers = conduct(call, options)
  if (script.answer === 'reject') {
    call.reject(script.status)
    return
  }
  if (script.answer === 'ring' || script.answer_after_ms > 0) call.ring()
  if (script.answer === 'ring') return
  const answer = (): void => {
    call.answer({ media }).catch((error: unknown) => {
      // The caller may give up at any moment; only a call still waiting for us is ours to refuse.
      options.log.debug('call not answered', { call: call.id, error })
      if (call.state === 'setup' || call.state === 'early') call.reject(503)
    })
  }
  if (script.answer_after_ms > 0) timers.after(script.answer_after_ms, answer)
  else answer()
}

/** Follows an outgoing call: speaks, sends and hangs up as the script says, once it is answered. */
export function attendOutgoing(call: Call, options: AgentOptions): void {
  conduct(call, options)
}

/** Everything that follows the answer, either way. The timers end with the call. */
function conduct(call: Call, { script, clock, log }: AgentOptions): CallTimers {
  const timers = new CallTimers(clock)
  call.once('answered', () => {
    if (call.media !== undefined) speak(call.media, script)
  })
  const { digits, hangup_after_ms: hangupAfterMs } = script
  // Digits wait for the ACK: only then is it certain that somebody listens.
  if (digits !== undefined || hangupAfterMs !== undefined) {
    call.once('confirmed', () => {
      if (digits !== undefined) {
        timers.after(digits.after_ms, () => {
          call.media?.sendDigits(digits.send).catch((error: unknown) => log.warn('digits not sent', { call: call.id, error }))
        })
      }
      if (hangupAfterMs !== undefined) timers.after(hangupAfterMs, () => void call.hangup())
    })
  }
  call.once('ended', () => timers.cancel())
  return timers
}

function speak(media: MediaSession, script: AgentScript): void {
  media.listen(script.listen)
  if (script.echo) media.echo(true)
  else if (script.tone !== null) media.play(script.tone, script.level_dbm0)
}

/** The timers of one call. */
class CallTimers {
  readonly #clock: Clock
  readonly #timers: Timer[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  after(ms: number, fn: () => void): void {
    if (ms === 0) fn()
    else this.#timers.push(this.#clock.setTimer(ms, fn))
  }

  cancel(): void {
    for (const timer of this.#timers) timer.cancel()
  }
}
