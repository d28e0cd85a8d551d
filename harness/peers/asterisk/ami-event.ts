/** The manager's events this project acts on, as typed values. Everything else is left out. */
import type { AmiMessage } from './ami-frames.ts'

export type AmiEvent =
  | { readonly type: 'channel-new'; readonly uniqueId: string; readonly channel: string }
  | { readonly type: 'channel-up'; readonly uniqueId: string; readonly channel: string }
  | {
      readonly type: 'channel-gone'
      readonly uniqueId: string
      readonly channel: string
      readonly cause: number
      readonly causeText: string
    }
  | {
      readonly type: 'digit'
      readonly uniqueId: string
      readonly channel: string
      readonly digit: string
      readonly durationMs: number
      readonly received: boolean
    }
  /** An Originate is decided. */
  | { readonly type: 'originated'; readonly uniqueId: string; readonly answered: boolean; readonly reason: number }
  /** The state of an outbound registration; `user` is the account it registers. */
  | { readonly type: 'registration'; readonly clientUri: string; readonly status: string; readonly cause: number }
  /** A UserEvent of the dialplan. */
  | { readonly type: 'user'; readonly name: string; readonly fields: AmiMessage }
  | { readonly type: 'booted' }

/** Undefined for events nobody here needs. */
export function readEvent(message: AmiMessage): AmiEvent | undefined {
  const text = (name: string): string => message.get(name) ?? ''
  const about = { uniqueId: text('uniqueid'), channel: text('channel') }
  switch (message.get('event')) {
    case 'Newchannel':
      return { type: 'channel-new', ...about }
    case 'Newstate':
      return text('channelstatedesc') === 'Up' ? { type: 'channel-up', ...about } : undefined
    case 'Hangup':
      return { type: 'channel-gone', ...about, cause: Number(text('cause')), causeText: text('cause-txt') }
    case 'DTMFEnd':
      return {
        type: 'digit',
        ...about,
        digit: text('digit'),
        durationMs: Number(text('durationms')),
        received: text('direction') === 'Received',
      }
    case 'OriginateResponse':
      return { type: 'originated', uniqueId: text('uniqueid'), answered: text('response') === 'Success', reason: Number(text('reason')) }
    case 'Registry':
      return { type: 'registration', clientUri: text('username'), status: text('status'), cause: Number(text('cause')) || 0 }
    case 'UserEvent':
      return { type: 'user', name: text('userevent'), fields: message }
    case 'FullyBooted':
      return { type: 'booted' }
    default:
      return undefined
  }
}
