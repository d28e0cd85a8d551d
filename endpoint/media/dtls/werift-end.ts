/**
 * One end of a handshake as werift plays it, and nothing of werift that waits, polls or guesses.
 *
 * werift is given messages that are whole, in order and already judged, one at a time; what it
 * would send is handed back. Left out on purpose:
 * - its retransmission, which sleeps where nothing can wake or stop it: a flight is taken from it
 *   by throwing out of `send`, before it goes to sleep;
 * - its judgement of the far end: werift 0.25 looks at neither signatures nor Finished messages,
 *   and takes a Finished that is not encrypted (see client-checks.ts and server-checks.ts).
 */

import { type DtlsSocket, DtlsClient as WeriftClient, DtlsServer as WeriftServer } from 'werift'
import type { MasterKey } from '../../../protocol/sdp/types.ts'
import { messageTypes } from './messages.ts'
import { contentTypes, type DtlsRecord, type HandshakeMessage, readRecords, writeMessage, writeRecord } from './record.ts'

type Options = ConstructorParameters<typeof WeriftClient>[0]
type Plaintext = Parameters<DtlsSocket['cipher']['encryptPacket']>[0]

export type HandshakeRole = 'client' | 'server'

/** Content that goes into a record of its own: in clear at epoch 0, to be sealed at epoch 1. */
export interface Outgoing {
  readonly type: number
  readonly epoch: 0 | 1
  readonly content: Buffer
}

interface EndOptions {
  readonly certPem: string
  readonly keyPem: string
  /** Numbers of the SRTP profiles in order of preference. */
  readonly srtpProfiles: readonly number[]
}

/** Thrown out of `send`, and caught again right below it. */
const flightTaken = new Error('the flight is sent by somebody else')
/** After the flights of these numbers (RFC 6347 figure 1) werift does not wait for a reply. */
const unrepeatedFlights = [2, 6]

/** werift polls for a condition; what is fed in order meets it at once or never. */
async function met(condition: () => boolean): Promise<void> {
  if (!condition()) throw new Error('a handshake message is missing')
}

class Client extends WeriftClient {
  protected override waitForReady = met
}

class Server extends WeriftServer {
  protected override waitForReady = met
}

export class WeriftEnd {
  readonly role: HandshakeRole
  readonly #socket: Client | Server
  readonly #options: Options
  #sent: Buffer[] = []
  #handling: Promise<void> | undefined

  constructor(role: HandshakeRole, { certPem, keyPem, srtpProfiles }: EndOptions) {
    this.role = role
    this.#options = {
      transport: {
        type: 'udp',
        address: { address: '', family: '', port: 0 },
        closed: false,
        onData: () => {},
        close: async () => {},
        send: (datagram) => this.#take(datagram),
      },
      cert: certPem,
      key: keyPem,
      // SHA-256 with ECDSA.
      signatureHash: { hash: 4, signature: 3 },
      // Its types know two of the numbers; its code compares any.
      srtpProfiles: srtpProfiles as NonNullable<Options['srtpProfiles']>,
      // Of the far end: "mutual authentication" (RFC 5763 section 5). A client that asked for a request would insist on one.
      ...(role === 'server' && { certificateRequest: true }),
      extendedMasterSecret: true,
    }
    this.#socket = role === 'client' ? new Client(this.#options) : new Server(this.#options)
    const handle = this.#socket.onHandleHandshakes
    this.#socket.onHandleHandshakes = (messages) => {
      this.#handling = handle(messages)
      return this.#handling
    }
  }

  /** The client's first flight. */
  hello(): Promise<Outgoing[]> {
    const socket = this.#socket
    if (!(socket instanceof Client)) throw new TypeError('a server does not begin')
    return this.#flight(() => socket.connect())
  }

  /**
   * Hands a message to werift and gives back what it replies, in order; empty for nothing yet.
   * Rejects when werift cannot live with the message.
   */
  feed(message: HandshakeMessage): Promise<Outgoing[]> {
    // Also the Finished goes in clear: it has been opened, and werift takes it so.
    const record = writeRecord({ type: contentTypes.handshake, epoch: 0, sequence: 0, fragment: writeMessage(message) })
    return this.#flight(() => {
      this.#handling = undefined
      this.#socket.transport.socket.onData(record, ['', 0])
      return this.#handling ?? Promise.reject(new Error('the message cannot be read'))
    })
  }

  /** Whether records of epoch 1 can be opened and sealed. */
  get hasKeys(): boolean {
    return this.#socket.cipher.cipher !== undefined
  }

  /** The content of an encrypted record; undefined when it is forged, broken or of other keys. */
  open({ type, epoch, sequence, fragment }: DtlsRecord): Buffer | undefined {
    try {
      return this.#socket.cipher.decryptPacket(plaintext(type, epoch, sequence, fragment))
    } catch {
      return undefined
    }
  }

  /** The fragment of an encrypted record. One sequence number must never seal two contents. */
  seal({ type, epoch, content }: Outgoing, sequence: number): Buffer {
    return this.#socket.cipher.encryptPacket(plaintext(type, epoch, sequence, content)).fragment
  }

  get clientRandom(): Buffer {
    const { localRandom, remoteRandom } = this.#socket.cipher
    return (this.role === 'client' ? localRandom : remoteRandom).serialize()
  }

  get serverRandom(): Buffer {
    const { localRandom, remoteRandom } = this.#socket.cipher
    return (this.role === 'client' ? remoteRandom : localRandom).serialize()
  }

  get masterSecret(): Buffer {
    return this.#socket.cipher.masterSecret
  }

  /** Every message that counts so far, as it is hashed: those fed, and those of the flights given back. */
  get transcript(): Buffer {
    return Buffer.concat(this.#socket.dtls.sortedHandshakeCache.map((message) => message.serialize()))
  }

  /** What the client has to repeat to show that it is where it says it is; undefined before its first hello. */
  get cookie(): Buffer | undefined {
    return this.#socket.dtls.cookie
  }

  /** Number of the SRTP profile agreed on. */
  get srtpProfile(): number | undefined {
    return this.#socket.srtp.srtpProfile
  }

  /** Before a hello is fed to a server: werift would confirm this extension to a client that never offered it. */
  setExtendedMasterSecret(offered: boolean): void {
    this.#options.extendedMasterSecret = offered
  }

  /** Keying material for SRTP, split as RFC 5764 section 4.2 says. Lengths in bytes. */
  exportKeys(keyLength: number, saltLength: number): { local: MasterKey; remote: MasterKey } {
    const { localKey, localSalt, remoteKey, remoteSalt } = this.#socket.extractSessionKeys(keyLength, saltLength)
    return { local: { key: localKey, salt: localSalt }, remote: { key: remoteKey, salt: remoteSalt } }
  }

  #take(datagram: Buffer): Promise<void> {
    this.#sent.push(datagram)
    if (!unrepeatedFlights.includes(this.#socket.dtls.flight)) throw flightTaken
    return Promise.resolve()
  }

  async #flight(step: () => Promise<void>): Promise<Outgoing[]> {
    this.#sent = []
    try {
      await step()
    } catch (error) {
      if (error !== flightTaken) throw error
    }
    if (this.#sent.length === 0) return []
    const { flight, lastMessage, handshakeCache } = this.#socket.dtls
    // Of the longer flights only the first message was sent when it was taken.
    const datagrams = flight === 4 || flight === 5 ? lastMessage : this.#sent
    return datagrams.flatMap(readRecords).map(({ type, epoch, fragment }) => {
      if (epoch === 0) return { type, epoch, content: fragment }
      const finished = handshakeCache[flight]?.data.find((message) => message.msg_type === messageTypes.finished)
      if (finished === undefined) throw new Error('werift sealed something that is no Finished')
      return { type, epoch: 1, content: finished.serialize() }
    })
  }
}

/** As werift's ciphers read it: no more than the header's fields and the fragment. */
function plaintext(contentType: number, epoch: number, sequenceNumber: number, fragment: Buffer): Plaintext {
  const protocolVersion = { major: 254, minor: 253 }
  return { recordLayerHeader: { contentType, protocolVersion, epoch, sequenceNumber, contentLen: fragment.length }, fragment } as Plaintext
}
