/**
 * Header field names: which spellings mean the same header (RFC 3261 section 7.3.1 and 7.3.3),
 * and which headers hold one value a row although their value may contain commas.
 */

/** One header as we know it: `key` is compared, `name` is written. */
export interface HeaderName {
  /** Lower-case long name. */
  readonly key: string
  /** Spelling of the RFC that defines it, or of the wire where we do not know it. */
  readonly name: string
  /** True where a comma does not separate values. */
  readonly single: boolean
}

/** Headers whose rows are one value each: a comma in them is part of the value. */
const single = [
  'Authentication-Info',
  'Authorization',
  'Call-ID',
  'Content-Length',
  'Content-Type',
  'CSeq',
  'Date',
  'Expires',
  'From',
  'Identity',
  'Max-Forwards',
  'MIME-Version',
  'Min-Expires',
  'Min-SE',
  'Organization',
  'Priority',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'RAck',
  'Refer-To',
  'Referred-By',
  'Reply-To',
  'Retry-After',
  'RSeq',
  'Server',
  'Session-Expires',
  'SIP-ETag',
  'SIP-If-Match',
  'Subject',
  'Subscription-State',
  'Timestamp',
  'To',
  'User-Agent',
  'WWW-Authenticate',
]

const listed = [
  'Accept',
  'Accept-Contact',
  'Accept-Encoding',
  'Accept-Language',
  'Alert-Info',
  'Allow',
  'Allow-Events',
  'Call-Info',
  'Contact',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Diversion',
  'Error-Info',
  'Event',
  'Geolocation',
  'History-Info',
  'In-Reply-To',
  'Info-Package',
  'Join',
  'Path',
  'P-Access-Network-Info',
  'P-Asserted-Identity',
  'P-Charging-Vector',
  'P-Preferred-Identity',
  'Privacy',
  'Proxy-Require',
  'Reason',
  'Record-Route',
  'Recv-Info',
  'Reject-Contact',
  'Remote-Party-ID',
  'Replaces',
  'Request-Disposition',
  'Require',
  'Route',
  'Security-Client',
  'Security-Server',
  'Security-Verify',
  'Service-Route',
  'Supported',
  'Unsupported',
  'Via',
  'Warning',
]

/** Compact forms: RFC 3261 section 7.3.3 and the RFCs that registered more. */
const compact: Readonly<Record<string, string>> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
}

/** Spelling to header. Filled once, so that a stranger's names cannot make it grow. */
const bySpelling = new Map<string, HeaderName>()

for (const name of [...single, ...listed]) {
  const header = { key: name.toLowerCase(), name, single: single.includes(name) }
  for (const spelling of [name, header.key, name.toUpperCase()]) bySpelling.set(spelling, header)
}
for (const [letter, name] of Object.entries(compact)) {
  const header = bySpelling.get(name)
  if (header === undefined) throw new Error(`compact form of an unlisted header: ${name}`)
  bySpelling.set(letter, header)
  bySpelling.set(letter.toUpperCase(), header)
}

/** The header a spelling means. An unknown name keeps its spelling and is compared in lower case. */
export function headerName(spelling: string): HeaderName {
  const known = bySpelling.get(spelling)
  if (known !== undefined) return known
  const key = spelling.toLowerCase()
  return bySpelling.get(key) ?? { key, name: spelling, single: false }
}
