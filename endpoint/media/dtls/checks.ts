/** What the checks of both sides share: their shape, and the judgement of a certificate. */

import type { KeyObject } from 'node:crypto'
import type { Fingerprint } from '../../../protocol/sdp/types.ts'
import { alerts, type Failure } from './failure.ts'
import { isNamed } from './fingerprint.ts'
import { readCertificates } from './messages.ts'
import { publicKeyOf } from './proof.ts'
import type { HandshakeMessage } from './record.ts'

/** `go`: werift may have the message. `ignore`: as if it had not come. `again`: the last reply is to be repeated. */
export type Verdict = 'go' | 'ignore' | 'again' | Failure

/** Judges a handshake's messages, in order, each before werift sees it. A failure is final. */
export interface Checks {
  judge(message: HandshakeMessage): Verdict
}

/** The key that a Certificate message vouches for, if signalling named the certificate. */
export function judgeCertificate(body: Buffer, fingerprints: readonly Fingerprint[]): { key: KeyObject } | Failure {
  const certificates = readCertificates(body)
  if (certificates === undefined) return unreadable('Certificate')
  const [certificate] = certificates
  if (certificate === undefined) {
    return { code: 'no-certificate', detail: 'the far end brought no certificate', alert: alerts.handshakeFailure }
  }
  if (!isNamed(certificate, fingerprints)) {
    return { code: 'wrong-fingerprint', detail: 'the certificate is none of those that signalling named', alert: alerts.badCertificate }
  }
  const key = publicKeyOf(certificate)
  return key === undefined ? { code: 'broken-protocol', detail: 'the certificate cannot be read', alert: alerts.badCertificate } : { key }
}

export function unreadable(message: string): Failure {
  return { code: 'broken-protocol', detail: `the ${message} cannot be read`, alert: alerts.decodeError }
}

export function unproven(detail: string): Failure {
  return { code: 'unproven', detail, alert: alerts.decryptError }
}

export function nothingInCommon(detail: string, alert: number = alerts.handshakeFailure): Failure {
  return { code: 'nothing-in-common', detail, alert }
}

export function outOfOrder({ type }: HandshakeMessage): Failure {
  return { code: 'broken-protocol', detail: `a handshake message of type ${type} came out of order`, alert: alerts.unexpectedMessage }
}
