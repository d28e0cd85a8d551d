/** The trunk a TLS case has for itself. */
import type { Provision } from '../edge/edge-client.ts'
import type { TlsStage } from './tls-case.ts'

/** Of the lab's address, with calls to `outboundProxy`. */
export function provisionFor({ lab, number }: TlsStage, outboundProxy?: string): Provision {
  return {
    number,
    domain: lab.host,
    username: 'probe',
    password: 'unused',
    registration: 'static',
    allow: [`${lab.host}/${lab.host.includes(':') ? 128 : 32}`],
    dtmf: 'rfc4733',
    codecs: ['pcmu'],
    tone: [697, 1209],
    outboundProxy,
    encryption: 'best-effort',
    keepKeys: false,
  }
}
