import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProtectionProfile, SrtpKeying } from '../../../protocol/sdp/types.ts'
import { type DtlsAgreement, DtlsAssociation, type DtlsAssociationOptions } from './association.ts'
import type { DtlsEnd } from './failure.ts'
import { fingerprintOf } from './fingerprint.ts'
import { createIdentity, type DtlsIdentity, processIdentity } from './identity.ts'
import { dtlsProfiles, useSrtpProfile } from './profile.ts'
import { readRecords } from './record.ts'

const program = 'openssl'
const installed = spawnSync(program, ['version']).status === 0
if (!installed) console.warn('handshakes with OpenSSL are left out: no openssl on this machine')

const openSslNames: Partial<Record<ProtectionProfile, string>> = {
  AEAD_AES_256_GCM: 'SRTP_AEAD_AES_256_GCM',
  AEAD_AES_128_GCM: 'SRTP_AEAD_AES_128_GCM',
  AES_CM_128_HMAC_SHA1_80: 'SRTP_AES128_CM_SHA1_80',
  AES_CM_128_HMAC_SHA1_32: 'SRTP_AES128_CM_SHA1_32',
}
const everyProfile = dtlsProfiles.map((profile) => openSslNames[profile]).join(':')

let folder: string
let own: DtlsIdentity
/** The far end's certificates: on P-256, and of RSA. */
let ec: { readonly files: readonly string[]; readonly fingerprint: DtlsIdentity['fingerprint'] }
let rsa: typeof ec

/** One side of OpenSSL. What it says is kept; disposing ends it. */
class OpenSsl implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #exit: Promise<unknown>
  #said = ''

  constructor(args: readonly string[]) {
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#exit = once(this.#process, 'close')
    for (const stream of [this.#process.stdout!, this.#process.stderr!])
      stream.setEncoding('utf8').on('data', (text) => (this.#said += text))
  }

  /** Resolves with the match's first group once OpenSSL has said it; rejects when it ends without. */
  async said(what: RegExp): Promise<string> {
    const exit = this.#exit.then(() => true)
    for (let ended = false; ; ) {
      const match = what.exec(this.#said)
      if (match !== null) return match[1] ?? ''
      if (ended) throw new Error(`openssl ended and never said ${what}:\n${this.#said}`)
      const more = Promise.race([once(this.#process.stdout!, 'data'), once(this.#process.stderr!, 'data')]).then(() => false)
      ended = await Promise.race([exit, more])
    }
  }

  say(text: string): void {
    this.#process.stdin!.write(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exit
  }
}

/** Our side, on a socket of its own. */
class Ours implements AsyncDisposable {
  readonly association: DtlsAssociation
  readonly outcome: Promise<SrtpKeying | DtlsEnd>
  readonly ended: Promise<DtlsEnd>
  readonly socket: Socket
  #remote: number | undefined

  private constructor(
    socket: Socket,
    remote: number | undefined,
    options: Partial<DtlsAssociationOptions>,
    lost: (index: number) => boolean,
  ) {
    this.socket = socket
    this.#remote = remote
    let sent = 0
    const send = (datagram: Uint8Array) => {
      if (this.#remote !== undefined && !lost(sent++)) socket.send(datagram, this.#remote, '127.0.0.1')
    }
    this.association = new DtlsAssociation({ identity: own, send, retransmitMs: 50, ...options })
    socket.on('message', (datagram, { port }) => {
      this.#remote = port
      this.association.receive(datagram)
    })
    this.ended = new Promise((resolve) => {
      this.association.onEnd = resolve
    })
    const keys = new Promise<SrtpKeying>((resolve) => {
      this.association.onKeys = resolve
    })
    this.outcome = Promise.race([keys, this.ended])
  }

  static async open(remote?: number, options: Partial<DtlsAssociationOptions> = {}, lost = (_: number) => false): Promise<Ours> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new Ours(socket, remote, options, lost)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.association.close()
    await new Promise<void>((resolve) => this.socket.close(resolve))
  }
}

const serverArgs = ['s_server', '-dtls1_2', '-accept', '127.0.0.1:0']
const listening = /ACCEPT .*:(\d+)\n/

const exporter = (profile: ProtectionProfile): string[] => {
  const { keyLength, saltLength } = useSrtpProfile(profile)!
  return ['-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', String(2 * (keyLength + saltLength))]
}

/** As RFC 5764 section 4.2 orders it. */
function material(keys: SrtpKeying, we: 'client' | 'server'): string {
  const [client, server] = we === 'client' ? [keys.local, keys.remote] : [keys.remote, keys.local]
  return Buffer.concat([client.key, server.key, client.salt, server.salt]).toString('hex').toUpperCase()
}

/** OpenSSL as the server, and we actively at it. */
async function againstServer(
  args: readonly string[],
  agreement: Partial<DtlsAgreement> = {},
  options: Partial<DtlsAssociationOptions> & { lost?: (index: number) => boolean } = {},
) {
  const openSsl = new OpenSsl([...serverArgs, ...args])
  const { lost, ...own } = options
  const ours = await Ours.open(Number(await openSsl.said(listening)), own, lost)
  ours.association.start({ setup: 'active', remoteFingerprints: [ec.fingerprint], ...agreement })
  return {
    openSsl,
    ours,
    async [Symbol.asyncDispose]() {
      await Promise.all([openSsl[Symbol.asyncDispose](), ours[Symbol.asyncDispose]()])
    },
  }
}

/** OpenSSL as the client, at our passive side. */
async function againstClient(
  args: readonly string[],
  agreement: Partial<DtlsAgreement> = {},
  options: Partial<DtlsAssociationOptions> & { lost?: (index: number) => boolean } = {},
) {
  const { lost, ...own } = options
  const ours = await Ours.open(undefined, own, lost)
  ours.association.start({ setup: 'passive', remoteFingerprints: [ec.fingerprint], ...agreement })
  const openSsl = new OpenSsl(['s_client', '-connect', `127.0.0.1:${ours.socket.address().port}`, ...args])
  return {
    openSsl,
    ours,
    async [Symbol.asyncDispose]() {
      await Promise.all([openSsl[Symbol.asyncDispose](), ours[Symbol.asyncDispose]()])
    },
  }
}

beforeAll(async () => {
  if (!installed) return
  own = await processIdentity()
  folder = mkdtempSync(join(tmpdir(), 'dtls-'))
  const file = (name: string) => join(folder, name)
  const far = await createIdentity()
  writeFileSync(file('ec.crt'), far.certPem)
  writeFileSync(file('ec.key'), far.keyPem)
  ec = { files: ['-cert', file('ec.crt'), '-key', file('ec.key')], fingerprint: far.fingerprint }
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=far', '-days', '1']
  execFileSync(program, [...request, '-keyout', file('rsa.key'), '-out', file('rsa.crt')], { stdio: 'ignore' })
  const der = execFileSync(program, ['x509', '-in', file('rsa.crt'), '-outform', 'der'])
  rsa = { files: ['-cert', file('rsa.crt'), '-key', file('rsa.key')], fingerprint: fingerprintOf(der) }
})

afterAll(() => {
  if (installed) rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(!installed)('OpenSSL as the passive side', () => {
  test.each(dtlsProfiles)('has the same keys: %s', async (profile) => {
    await using it = await againstServer([...ec.files, '-Verify', '1', '-use_srtp', openSslNames[profile]!, ...exporter(profile)])
    const keys = (await it.ours.outcome) as SrtpKeying
    expect(keys).toMatchObject({ profile })
    expect(await it.openSsl.said(/Keying material: ([0-9A-F]+)/)).toBe(material(keys, 'client'))
  })

  test('asks for a cookie, has an RSA certificate and cuts its messages up', async () => {
    const args = [...rsa.files, '-Verify', '1', '-use_srtp', everyProfile, '-listen', '-mtu', '256', ...exporter('AEAD_AES_256_GCM')]
    await using it = await againstServer(args, { remoteFingerprints: [rsa.fingerprint] })
    const keys = (await it.ours.outcome) as SrtpKeying
    expect(await it.openSsl.said(/Keying material: ([0-9A-F]+)/)).toBe(material(keys, 'client'))
  })

  test('repeats its Finished when our last flight comes again', async () => {
    const openSsl = new OpenSsl([...serverArgs, ...ec.files, '-Verify', '1', '-use_srtp', everyProfile])
    await using _ = openSsl
    const ours = await Ours.open(Number(await openSsl.said(listening)))
    await using __ = ours
    // Everything is heard but the first Finished.
    const receive = ours.association.receive.bind(ours.association)
    let finished = 0
    ours.association.receive = (datagram) => {
      const sealed = readRecords(Buffer.from(datagram)).some(({ epoch }) => epoch === 1)
      if (!sealed || finished++ > 0) receive(datagram)
    }
    ours.association.start({ setup: 'active', remoteFingerprints: [ec.fingerprint] })
    expect(await ours.outcome).toHaveProperty('profile')
    expect(finished).toBeGreaterThan(1)
  })

  test('is refused when signalling named somebody else', async () => {
    await using it = await againstServer([...ec.files, '-use_srtp', everyProfile], { remoteFingerprints: [rsa.fingerprint] })
    expect(await it.ours.outcome).toMatchObject({ code: 'wrong-fingerprint' })
    await it.openSsl.said(/alert bad certificate/)
    expect(it.ours.association.keys).toBeUndefined()
  })

  test('agrees on no profile', async () => {
    await using it = await againstServer([...ec.files])
    expect(await it.ours.outcome).toEqual({ code: 'nothing-in-common', detail: 'the server agrees on no SRTP profile' })
    await it.openSsl.said(/alert handshake failure/)
  })

  test('refuses us', async () => {
    await using it = await againstServer([...ec.files, '-use_srtp', everyProfile, '-cipher', 'ECDHE-ECDSA-CHACHA20-POLY1305'])
    expect(await it.ours.outcome).toEqual({ code: 'refused', detail: 'alert 40' })
  })
})

describe.skipIf(!installed)('OpenSSL as the active side', () => {
  test.each(dtlsProfiles)('has the same keys: %s', async (profile) => {
    await using it = await againstClient(['-dtls1_2', ...ec.files, '-use_srtp', openSslNames[profile]!, ...exporter(profile)])
    const keys = (await it.ours.outcome) as SrtpKeying
    expect(keys).toMatchObject({ profile })
    expect(await it.openSsl.said(/Keying material: ([0-9A-F]+)/)).toBe(material(keys, 'server'))
  })

  test('has an RSA certificate, only P-256, and cuts its messages up', async () => {
    const args = ['-dtls1_2', ...rsa.files, '-use_srtp', everyProfile, '-mtu', '256', '-groups', 'P-256', ...exporter('AEAD_AES_256_GCM')]
    await using it = await againstClient(args, { remoteFingerprints: [rsa.fingerprint] })
    const keys = (await it.ours.outcome) as SrtpKeying
    expect(await it.openSsl.said(/Keying material: ([0-9A-F]+)/)).toBe(material(keys, 'server'))
  })

  test('repeats its last flight when our Finished is lost', async () => {
    const args = ['-dtls1_2', ...ec.files, '-use_srtp', everyProfile, ...exporter('AEAD_AES_256_GCM')]
    // After the cookie and our first flight.
    await using it = await againstClient(args, {}, { lost: (index) => index === 2, retransmitMs: 5000 })
    const keys = (await it.ours.outcome) as SrtpKeying
    expect(await it.openSsl.said(/Keying material: ([0-9A-F]+)/)).toBe(material(keys, 'server'))
  })

  test('is refused when signalling named somebody else', async () => {
    await using it = await againstClient(['-dtls1_2', ...ec.files, '-use_srtp', everyProfile], { remoteFingerprints: [rsa.fingerprint] })
    expect(await it.ours.outcome).toMatchObject({ code: 'wrong-fingerprint' })
    await it.openSsl.said(/alert bad certificate/)
    expect(it.ours.association.keys).toBeUndefined()
  })

  test('is refused without a certificate', async () => {
    await using it = await againstClient(['-dtls1_2', '-use_srtp', everyProfile])
    expect(await it.ours.outcome).toMatchObject({ code: 'no-certificate' })
    await it.openSsl.said(/alert handshake failure/)
  })

  test.each([
    ['SRTP profile', ['-dtls1_2']],
    ['cipher suite', ['-dtls1_2', '-use_srtp', everyProfile, '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256']],
    ['curve', ['-dtls1_2', '-use_srtp', everyProfile, '-groups', 'P-384']],
    ['version', ['-dtls1', '-use_srtp', everyProfile, '-cipher', 'DEFAULT@SECLEVEL=0']],
  ])('has no %s in common with us', async (_, args) => {
    await using it = await againstClient([...ec.files, ...args])
    expect(await it.ours.outcome).toMatchObject({ code: 'nothing-in-common' })
    await it.openSsl.said(/alert (handshake failure|protocol version)/)
  })

  test('closes, and so do we', async () => {
    await using it = await againstClient(['-dtls1_2', ...ec.files, '-use_srtp', everyProfile])
    expect(await it.ours.outcome).toHaveProperty('profile')
    await it.openSsl.said(/---\n$/)
    it.openSsl.say('Q\n')
    expect(await it.ours.ended).toEqual({ code: 'closed-by-peer', detail: 'alert 0' })
  })
})
