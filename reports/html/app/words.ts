/** Figures and values as the page writes them. */
import type { Verdict } from '../../schema/results.ts'

/** The wire's and the guide's spelling of axis values. */
const axisWords: Readonly<Record<string, string>> = {
  udp: 'UDP',
  tcp: 'TCP',
  tls: 'TLS',
  rtp: 'RTP',
  sdes: 'SDES',
  dtls: 'DTLS',
  'osrtp-sdes': 'OSRTP SDES',
  'osrtp-dtls': 'OSRTP DTLS',
  rfc4733: 'RFC 4733',
  info: 'INFO',
  pcmu: 'PCMU',
  pcma: 'PCMA',
  opus: 'Opus',
  none: 'no NAT',
  symmetric: 'symmetric',
  register: 'REGISTER',
}
const axisNames: Readonly<Record<string, string>> = { dtmf: 'DTMF', nat: 'NAT', q: 'text' }

export function valueWord(value: string): string {
  return axisWords[value] ?? value
}

/** The same under a heading that already names the axis. */
export function valueUnder(axis: string, value: string): string {
  if (axis === 'nat' && value === 'none') return 'none'
  // A narrow column: the two words may stand under each other.
  return valueWord(value).replace('OSRTP ', 'OSRTP\n')
}

export function axisWord(axis: string): string {
  return axisNames[axis] ?? axis[0]!.toUpperCase() + axis.slice(1)
}

export const verdictWord: Record<Verdict, string> = {
  pass: 'proven',
  fail: 'failing',
  flaky: 'flaky',
  inconclusive: 'inconclusive',
  error: 'error',
  skipped: 'not tried',
}

/** A check proves no cell: it passes or it does not. */
export const checkWord: Record<Verdict, string> = { ...verdictWord, pass: 'passed' }

export function duration(ms: number): string {
  if (ms >= 60_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`
}

/** An offset within a call. */
export function offset(ms: number): string {
  return ms >= 10_000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(ms >= 100 ? 0 : 1)} ms`
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`
}
