/**
 * The key log format TLS libraries write (draft-ietf-tls-keylogfile): lines of label,
 * client random and secret, the latter two in hexadecimal.
 */

/** Secrets of one connection by label, `CLIENT_TRAFFIC_SECRET_0` and the like. */
export type TlsSecrets = ReadonlyMap<string, Buffer>

const line = /^([A-Z0-9_]+) ([0-9a-f]{64}) ([0-9a-f]+)$/i

/** By client random, hexadecimal in lower case. Comments and lines that cannot be read are left out. */
export function parseKeyLog(text: string): Map<string, TlsSecrets> {
  const connections = new Map<string, Map<string, Buffer>>()
  for (const row of text.split('\n')) {
    const [, label, random, secret] = line.exec(row.trim()) ?? []
    if (label === undefined || random === undefined || secret === undefined) continue
    const secrets = connections.get(random.toLowerCase()) ?? new Map<string, Buffer>()
    secrets.set(label, Buffer.from(secret, 'hex'))
    connections.set(random.toLowerCase(), secrets)
  }
  return connections
}

/** The lines `parseKeyLog` reads these secrets from. */
export function writeKeyLog(clientRandom: string, secrets: TlsSecrets): string[] {
  return [...secrets].map(([label, secret]) => `${label} ${clientRandom} ${secret.toString('hex')}`)
}
