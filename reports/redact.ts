/**
 * Takes secrets out of everything that leaves the machine in a run folder. Every
 * mask has as many characters as what it hides, so that Content-Length, packet
 * lengths and offsets in evidence stay true. What is left (user names, realms,
 * nonces, algorithms) is what one needs to see why authentication failed.
 */

const stars = (secret: string): string => '*'.repeat(secret.length)

/** One logical header line with its folded continuations. */
const credentialHeader = /^([ \t]*(?:Proxy-)?(?:Authorization|Authentication-Info)[ \t]*:)((?:[^\r\n]|\r?\n[ \t])*)/gim
const digestSecret = /\b(response|rspauth|auts)(\s*=\s*)("(?:[^"\\]|\\.)*"?|[^\s,]+)/gi

function maskDigestSecret(_: string, name: string, equals: string, value: string): string {
  const masked = value.startsWith('"')
    ? `"${stars(value.slice(1).replace(/"$/, ''))}${value.length > 1 && value.endsWith('"') ? '"' : ''}`
    : stars(value)
  return `${name}${equals}${masked}`
}

/** Digest keeps what explains a failure; of any other scheme nothing but its name is safe. */
function maskCredentials(_: string, name: string, value: string): string {
  if (/^\s*Digest\s/i.test(value) || /Authentication-Info/i.test(name)) return name + value.replace(digestSecret, maskDigestSecret)
  return name + value.replace(/^(\s*\S+\s+)([\s\S]*)$/, (_all, scheme: string, rest: string) => scheme + rest.replace(/\S/g, '*'))
}

/** Rules for single spots; the second group of each is the secret. */
const spots: readonly RegExp[] = [
  /(\binline:)([A-Za-z0-9+/=_-]+)/g, // SDES master key and salt, RFC 4568 section 6.1
  /(^k=(?:clear|base64|uri):)([^\r\n]+)/gm, // RFC 8866 section 5.12 (obsolete)
  /(^a=key-mgmt:\S+[ \t]+)([^\r\n]+)/gm, // MIKEY, RFC 4567
  /(^a=ice-pwd:)([^\r\n]+)/gm,
  /(\bsips?:[^\s:@<>;,"]+:)([^\s@<>,"]+)(?=@)/gi, // password in a URI, RFC 3261 section 19.1.1
  /(\bBearer\s+)([\w.~+/=-]{4,})/gi,
  /("(?:password|passwd|secret|token|ha1|auth_token|api_key)"\s*:\s*")((?:[^"\\]|\\.)*)/gi,
  /(--(?:[a-z-]*-)?(?:password|secret|token|api-key)(?:=|\s+)(?:["']?))([^\s"']+)/gi,
  /(\b[A-Z][A-Z0-9_]*(?:PASSWORD|SECRET|TOKEN|API_KEY)=(?:["']?))([^\s"']+)/g,
]

/** A run's journal is many short strings without a secret; one look spares them the rules. */
const suspicious = /authori[sz]ation|authentication-info|inline:|k=|key-mgmt|ice-pwd|sips?:|bearer|passw|secret|token|ha1|api.key/i

/** Masks credentials and keys in a SIP message, an SDP body, a log line or a command. */
export function redactText(text: string): string {
  if (!suspicious.test(text)) return text
  let redacted = text.replace(credentialHeader, maskCredentials)
  for (const spot of spots) redacted = redacted.replace(spot, (_all, before: string, secret: string) => before + stars(secret))
  return redacted
}

/** The same for bytes as they were on the wire; the result has the same length. */
export function redactBytes(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  const redacted = redactText(text)
  return redacted === text ? bytes : Buffer.from(redacted, 'latin1')
}

/** A copy of a JSON value with every string in it redacted. */
export function redactValue<T>(value: T): T {
  if (typeof value === 'string') return redactText(value) as T
  if (Array.isArray(value)) return value.map(redactValue) as T
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactValue(item)])) as T
  }
  return value
}
