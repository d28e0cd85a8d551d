/**
 * The active side's judgement of the server (RFC 5246 section 7.3, RFC 5763 section 5):
 *
 *   [HelloVerifyRequest]  ServerHello  Certificate  ServerKeyExchange  [CertificateRequest]  ServerHelloDone
 *   (our flight)  Finished
 *
 * The certificate is the one signalling named, the key exchange is signed with its key, and
 * Finished covers the same handshake that we saw.
 */

import type { KeyObject } from 'node:crypto'
import type { Fingerprint, ProtectionProfile } from '../../../protocol/sdp/types.ts'
import { type Checks, judgeCertificate, nothingInCommon, outOfOrder, unproven, unreadable, type Verdict } from './checks.ts'
import { alerts } from './failure.ts'
import { extensionTypes, messageTypes, readServerHello, readServerKeyExchange, readUseSrtp } from './messages.ts'
import { profileOfId } from './profile.ts'
import { isFinished, isSigned } from './proof.ts'
import type { HandshakeMessage } from './record.ts'
import { cipherSuites, curves, dtls12 } from './suites.ts'
import type { WeriftEnd } from './werift-end.ts'

const m = messageTypes
/** What may come after what. */
const followers = new Map<number | undefined, readonly number[]>([
  [undefined, [m.helloVerifyRequest, m.serverHello]],
  [m.helloVerifyRequest, [m.serverHello]],
  [m.serverHello, [m.certificate]],
  [m.certificate, [m.serverKeyExchange]],
  [m.serverKeyExchange, [m.certificateRequest, m.serverHelloDone]],
  [m.certificateRequest, [m.serverHelloDone]],
  [m.serverHelloDone, [m.finished]],
])

export class ClientChecks implements Checks {
  readonly #end: WeriftEnd
  readonly #fingerprints: readonly Fingerprint[]
  readonly #profiles: readonly ProtectionProfile[]
  #last: number | undefined
  #key: KeyObject | undefined

  constructor(end: WeriftEnd, fingerprints: readonly Fingerprint[], profiles: readonly ProtectionProfile[]) {
    this.#end = end
    this.#fingerprints = fingerprints
    this.#profiles = profiles
  }

  judge(message: HandshakeMessage): Verdict {
    const { type, body } = message
    if (!followers.get(this.#last)?.includes(type)) return outOfOrder(message)
    this.#last = type
    if (type === m.serverHello) return this.#serverHello(body)
    if (type === m.certificate) return this.#certificate(body)
    if (type === m.serverKeyExchange) return this.#keyExchange(body)
    if (type === m.finished && !isFinished(body, 'server', this.#end.masterSecret, this.#end.transcript)) {
      return unproven('the server saw another handshake than we did')
    }
    return 'go'
  }

  #serverHello(body: Buffer): Verdict {
    const hello = readServerHello(body)
    if (hello === undefined) return unreadable('ServerHello')
    if (hello.version !== dtls12) return nothingInCommon('the server does not speak DTLS 1.2', alerts.protocolVersion)
    if (!cipherSuites.includes(hello.suite) || hello.compression !== 0) {
      return { code: 'broken-protocol', detail: 'the server chose what was not offered', alert: alerts.illegalParameter }
    }
    const extension = hello.extensions.get(extensionTypes.useSrtp)
    if (extension === undefined) return nothingInCommon('the server agrees on no SRTP profile')
    const chosen = readUseSrtp(extension)
    const [id, ...more] = chosen?.profiles ?? []
    const profile = id === undefined ? undefined : profileOfId(id)
    // "If the client detects a nonzero-length MKI in the server's response that is different than the one the client offered ..."
    if (profile === undefined || more.length > 0 || chosen?.mki.length !== 0 || !this.#profiles.includes(profile)) {
      return { code: 'broken-protocol', detail: 'the server chose an SRTP profile that was not offered', alert: alerts.illegalParameter }
    }
    return 'go'
  }

  #certificate(body: Buffer): Verdict {
    const judged = judgeCertificate(body, this.#fingerprints)
    if (!('key' in judged)) return judged
    this.#key = judged.key
    return 'go'
  }

  #keyExchange(body: Buffer): Verdict {
    const exchange = readServerKeyExchange(body)
    if (exchange === undefined) return unreadable('ServerKeyExchange')
    if (!curves.includes(exchange.curve)) {
      return { code: 'broken-protocol', detail: 'the server chose a curve that was not offered', alert: alerts.illegalParameter }
    }
    const { clientRandom, serverRandom } = this.#end
    const data = Buffer.concat([clientRandom, serverRandom, exchange.parameters])
    if (this.#key === undefined || !isSigned(data, exchange, this.#key)) {
      return unproven("the server's key exchange is not signed with its certificate's key")
    }
    return 'go'
  }
}
