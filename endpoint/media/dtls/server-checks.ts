/**
 * The passive side's judgement of the client (RFC 5246 section 7.3, RFC 5763 section 5):
 *
 *   ClientHello  (our cookie)  ClientHello  (our flight)  Certificate  ClientKeyExchange  CertificateVerify  Finished
 *
 * The certificate is the one signalling named, the handshake so far is signed with its key, and
 * Finished covers the same handshake that we saw.
 */

import type { KeyObject } from 'node:crypto'
import type { Fingerprint, ProtectionProfile } from '../../../protocol/sdp/types.ts'
import { type Checks, judgeCertificate, nothingInCommon, outOfOrder, unproven, unreadable, type Verdict } from './checks.ts'
import { alerts } from './failure.ts'
import { extensionTypes, messageTypes, readCertificateVerify, readClientHello, readNumbers, readUseSrtp } from './messages.ts'
import { useSrtpProfile } from './profile.ts'
import { isFinished, isSigned } from './proof.ts'
import type { HandshakeMessage } from './record.ts'
import { curves, dtls12, ecdsaSha256, ecdsaSuite } from './suites.ts'
import type { WeriftEnd } from './werift-end.ts'

type ClientHello = NonNullable<ReturnType<typeof readClientHello>>

const m = messageTypes
/** What may come after what, once the client has shown that it is where it says it is. */
const followers = new Map<number, number>([
  [m.clientHello, m.certificate],
  [m.certificate, m.clientKeyExchange],
  [m.clientKeyExchange, m.certificateVerify],
  [m.certificateVerify, m.finished],
])

export class ServerChecks implements Checks {
  readonly #end: WeriftEnd
  readonly #fingerprints: readonly Fingerprint[]
  readonly #profiles: readonly number[]
  /** Of the last hello that was answered with a cookie. */
  #random: Buffer | undefined
  #last: number | undefined
  #key: KeyObject | undefined

  constructor(end: WeriftEnd, fingerprints: readonly Fingerprint[], profiles: readonly ProtectionProfile[]) {
    this.#end = end
    this.#fingerprints = fingerprints
    this.#profiles = profiles.flatMap((profile) => useSrtpProfile(profile)?.id ?? [])
  }

  /** No client has returned its cookie yet: anyone may still begin. */
  get open(): boolean {
    return this.#last === undefined
  }

  judge(message: HandshakeMessage): Verdict {
    const { type, body } = message
    if (this.#last === undefined) return type === m.clientHello ? this.#clientHello(body) : 'ignore'
    if (followers.get(this.#last) !== type) return outOfOrder(message)
    this.#last = type
    if (type === m.certificate) return this.#certificate(body)
    if (type === m.certificateVerify) return this.#certificateVerify(body)
    if (type === m.finished && !isFinished(body, 'client', this.#end.masterSecret, this.#end.transcript)) {
      return unproven('the client saw another handshake than we did')
    }
    return 'go'
  }

  #clientHello(body: Buffer): Verdict {
    const hello = readClientHello(body)
    // Anyone can have sent it.
    if (hello === undefined) return 'ignore'
    const known = this.#random?.equals(hello.random) === true
    if (hello.cookie.length > 0) {
      if (!known || this.#end.cookie?.equals(hello.cookie) !== true) return 'ignore'
      this.#last = m.clientHello
      return 'go'
    }
    if (known) return 'again'
    const failure = this.#disagreement(hello)
    if (failure !== undefined) return failure
    this.#random = hello.random
    this.#end.setExtendedMasterSecret(hello.extensions.has(extensionTypes.extendedMasterSecret))
    return 'go'
  }

  #disagreement({ version, suites, compressions, extensions }: ClientHello) {
    // Newer versions count downwards; those before DTLS have another first byte.
    if (version >> 8 !== dtls12 >> 8 || version > dtls12) {
      return nothingInCommon('the client does not speak DTLS 1.2', alerts.protocolVersion)
    }
    if (!suites.includes(ecdsaSuite)) return nothingInCommon('the client does not speak ECDHE-ECDSA with AES-128-GCM')
    if (!compressions.includes(0)) return nothingInCommon('the client insists on compression')
    const groups = extensions.get(extensionTypes.groups)
    if (groups === undefined || !readNumbers(groups)?.some((curve) => curves.includes(curve))) {
      return nothingInCommon('the client speaks neither x25519 nor P-256')
    }
    const algorithms = extensions.get(extensionTypes.signatureAlgorithms)
    if (algorithms === undefined || !readNumbers(algorithms)?.includes(ecdsaSha256)) {
      return nothingInCommon('the client does not take ECDSA signatures with SHA-256')
    }
    const srtp = extensions.get(extensionTypes.useSrtp)
    if (srtp === undefined || !readUseSrtp(srtp)?.profiles.some((id) => this.#profiles.includes(id))) {
      return nothingInCommon('the client offers no SRTP profile we accept')
    }
    return undefined
  }

  #certificate(body: Buffer): Verdict {
    const judged = judgeCertificate(body, this.#fingerprints)
    if (!('key' in judged)) return judged
    this.#key = judged.key
    return 'go'
  }

  #certificateVerify(body: Buffer): Verdict {
    const verify = readCertificateVerify(body)
    if (verify === undefined) return unreadable('CertificateVerify')
    if (this.#key === undefined || !isSigned(this.#end.transcript, verify, this.#key)) {
      return unproven("the client does not hold its certificate's key")
    }
    return 'go'
  }
}
