import { once } from 'node:events'
import { Duplex, type DuplexOptions } from 'node:stream'
import { connect, type SecureVersion, TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { looksLikeTls, type Role, TlsConnectionReader } from './connection-reader.ts'
import { parseKeyLog } from './key-log.ts'

/** For these tests alone, self-signed, good for a hundred years. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBdjCCARugAwIBAgIUBLi0HAfEqAq5mTVndyJuesx8Xu4wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjMxNDUxMThaGA8yMTI2MTAzMDE0NTEx
OFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLCc
oyDoNHGAVHGuKyJUqaM/PN49b69EBqUPvIfVQ8j4uAc2mYdyylhFL4pqNXFq4nP2
fbey39EjFkqkrZmRDsOjUzBRMB0GA1UdDgQWBBTAFpolEM1RqcUOhiqgLktYsnE0
UDAfBgNVHSMEGDAWgBTAFpolEM1RqcUOhiqgLktYsnE0UDAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0kAMEYCIQCaihGI1EYTPbhQwaHEFzwmKV/iQzz8zGD8
4nE5/DD5rgIhAOC38zCK+hbhf6/JYbvugWW0fMX8jgbUOCj25o0baN3o
-----END CERTIFICATE-----`
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWLrchQqCs5xX2p0x
0Vc0VVw0jISOXERS993wcwuDEuShRANCAASwnKMg6DRxgFRxrisiVKmjPzzePW+v
RAalD7yH1UPI+LgHNpmHcspYRS+KajVxauJz9n23st/RIxZKpK2ZkQ7D
-----END PRIVATE KEY-----`

/** One end of a pipe; the tap sees what is written to it. */
class End extends Duplex {
  peer: End | undefined
  readonly #tap: (bytes: Buffer) => void

  constructor(tap: (bytes: Buffer) => void, options?: DuplexOptions) {
    super(options)
    this.#tap = tap
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#tap(Buffer.from(chunk))
    this.peer?.push(chunk)
    done()
  }

  override _final(done: () => void): void {
    this.peer?.push(null)
    done()
  }
}

interface Conversation {
  readonly wire: { readonly from: Role; readonly bytes: Buffer }[]
  readonly keyLog: string
}

/** A real TLS connection without sockets: the client says `ask`, the server `answer`. */
async function converse(options: { ciphers?: string; version?: SecureVersion; ask: string; answer: string }): Promise<Conversation> {
  const wire: Conversation['wire'] = []
  let keyLog = ''
  const clientEnd = new End((bytes) => wire.push({ from: 'client', bytes }))
  const serverEnd = new End((bytes) => wire.push({ from: 'server', bytes }))
  clientEnd.peer = serverEnd
  serverEnd.peer = clientEnd
  const version = options.version ?? 'TLSv1.3'
  const limits = { minVersion: version, maxVersion: version, ...(options.ciphers === undefined ? {} : { ciphers: options.ciphers }) }
  const server = new TLSSocket(serverEnd, { isServer: true, cert: certificate, key, ...limits })
  const client = connect({ socket: clientEnd, rejectUnauthorized: false, ...limits })
  client.on('keylog', (line: Buffer) => {
    keyLog += line.toString()
  })
  server.once('data', () => server.end(options.answer))
  client.write(options.ask)
  const [heard] = (await once(client, 'data')) as [Buffer]
  expect(heard.toString()).toBe(options.answer)
  client.destroy()
  server.destroy()
  return { wire, keyLog }
}

function read({ wire, keyLog }: Conversation, cut: (bytes: Buffer) => Buffer[] = (bytes) => [bytes]) {
  const secrets = parseKeyLog(keyLog)
  const reader = new TlsConnectionReader((random) => secrets.get(random))
  const said: Record<Role, string> = { client: '', server: '' }
  for (const { from, bytes } of wire) for (const part of cut(bytes)) said[from] += Buffer.concat(reader.push(from, part)).toString()
  return { said, hello: reader.hello }
}

const ask = 'INVITE sip:edge SIP/2.0\r\n\r\n'
const answer = `SIP/2.0 200 OK\r\n\r\n${'x'.repeat(3000)}`

describe('a TLS 1.3 connection', () => {
  test.each(['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'])(
    'of %s is read with its secrets',
    async (ciphers) => {
      const { said, hello } = read(await converse({ ciphers, ask, answer }))
      expect(hello).toEqual({ version: 'TLSv1.3', cipher: ciphers })
      expect(said).toEqual({ client: ask, server: answer })
    },
  )

  test('is read the same however its bytes are cut', async () => {
    const conversation = await converse({ ask, answer })
    const single = (bytes: Buffer): Buffer[] => [...bytes].map((byte) => Buffer.from([byte]))
    expect(read(conversation, single).said).toEqual({ client: ask, server: answer })
  })

  test('is read when its secrets come late', async () => {
    const { wire, keyLog } = await converse({ ask, answer })
    let known: ReturnType<typeof parseKeyLog> = new Map()
    const reader = new TlsConnectionReader((random) => known.get(random))
    let said = ''
    for (const [index, { from, bytes }] of wire.entries()) {
      // The server's whole handshake is on the wire before the client has worked out a secret.
      if (index === wire.findLastIndex((one) => one.from === 'client')) known = parseKeyLog(keyLog)
      said += Buffer.concat(reader.push(from, bytes)).toString()
    }
    expect(said).toContain(answer)
  })

  test('stays closed without secrets, but says what was negotiated', async () => {
    const { wire } = await converse({ ask, answer })
    const { said, hello } = read({ wire, keyLog: '' })
    expect(said).toEqual({ client: '', server: '' })
    expect(hello?.version).toBe('TLSv1.3')
  })

  test('stays closed with the secrets of another', async () => {
    const [mine, other] = await Promise.all([converse({ ask, answer }), converse({ ask, answer })])
    const wrong = other.keyLog.replace(/^(\w+) \w+/gm, `$1 ${[...parseKeyLog(mine.keyLog).keys()][0]}`)
    expect(read({ wire: mine.wire, keyLog: wrong }).said).toEqual({ client: '', server: '' })
  })
})

test('an older version is named', async () => {
  const { hello } = read(await converse({ version: 'TLSv1.2', ask, answer }))
  expect(hello?.version).toBe('TLSv1.2')
})

test('bytes that are no records are given up', () => {
  const reader = new TlsConnectionReader(() => undefined)
  expect(looksLikeTls(Buffer.from('INVITE'))).toBe(false)
  expect(reader.push('client', Buffer.alloc(70_000, 0xff))).toEqual([])
  expect(reader.push('client', Buffer.alloc(70_000, 0xff))).toEqual([])
})
