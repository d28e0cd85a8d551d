/** What a call needs of the user agent it belongs to. */
import type { Dialog } from '../protocol/sip/dialog/dialog.ts'
import type { SipRequest } from '../protocol/sip/message.ts'
import type { Address, Transport } from '../protocol/wire.ts'
import type { ExchangeCore } from './exchange.ts'
import type { FaultSet } from './faults.ts'
import type { Log } from './log.ts'
import type { MediaFactory } from './media/types.ts'
import type { ServerTransaction } from './server-transaction.ts'
import type { Target } from './target.ts'

/** Receives what arrives inside a dialog. */
export interface DialogOwner {
  receive(transaction: ServerTransaction, dialog: Dialog): void
  receiveAck(ack: SipRequest, dialog: Dialog): void
}

export interface AgentCore extends ExchangeCore {
  /** User-Agent and Server value. */
  readonly name: string
  readonly media: MediaFactory
  readonly faults: FaultSet
  readonly log: Log
  /** Our Contact value for a peer reached this way. */
  contact(transport: Transport, remote: Address): string
  /** RFC 3263 for a SIP URI; rejects with a RequestError. */
  targets(uri: string): Promise<readonly Target[]>
  resolveTarget(target: Target): Promise<readonly Target[]>
  file(dialog: Dialog, owner: DialogOwner): void
  unfile(dialog: Dialog): void
  /** The call is over and is not counted any more. */
  ended(owner: DialogOwner): void
}
