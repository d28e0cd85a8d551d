/** The manager's events this project acts on, as typed values. Everything else is left out. */
import type { AmiMessage } from './ami-frames.ts'

/** `at` is when it happened, by Asterisk's clock, epoch milliseconds. */
export type AmiEvent = { readonly at: number } & (
  | { readonly type: 'channel-new'; readonly uniqueId: string; readonly channel: string }
  | { readonly type: 'channel-up'; readonly uniqueId: string }
  | { readonly type: 'channel-gone'; readonly uniqueId: string }
  /** The dialplan took a digit off the channel. */
  | { readonly type: 'digit'; readonly uniqueId: string; readonly digit: string }
  /** An Originate is decided. */
  | { readonly type: 'originated'; readonly uniqueId: string; readonly answered: boolean }
  /** The state of an outbound registration of the account `clientUri`. */
  | { readonly type: 'registration'; readonly clientUri: string; readonly status: string }
)

/** Undefined for events nobody here needs. */
export function readEvent(message: AmiMessage): AmiEvent | undefined {
  const text = (name: string): string => message.get(name) ?? ''
  const uniqueId = text('uniqueid')
  const at = Number(text('timestamp')) * 1000
  switch (message.get('event')) {
    case 'Newchannel':
      return { at, type: 'channel-new', uniqueId, channel: text('channel') }
    case 'Newstate':
      return text('channelstatedesc') === 'Up' ? { at, type: 'channel-up', uniqueId } : undefined
    case 'Hangup':
      return { at, type: 'channel-gone', uniqueId }
    case 'OriginateResponse':
      return { at, type: 'originated', uniqueId, answered: text('response') === 'Success' }
    case 'Registry':
      return { at, type: 'registration', clientUri: text('username'), status: text('status') }
    case 'UserEvent':
      return text('userevent') === 'Digit' ? { at, type: 'digit', uniqueId, digit: text('digit') } : undefined
    default:
      return undefined
  }
}
