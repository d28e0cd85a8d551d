import { createPrivateKey, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { makeAuthority, makeSelfSigned } from './certificates.ts'

test('an issued certificate is for its names, by its authority, with its key', async () => {
  const authority = await makeAuthority({ name: 'Test authority' })
  const { certPem, keyPem } = await authority.issue({ names: ['sip:edge.example', 'edge.example', '127.0.0.1', '::1'] })
  const root = new X509Certificate(authority.certPem)
  const certificate = new X509Certificate(certPem)
  expect(certificate.subjectAltName).toBe('URI:sip:edge.example, DNS:edge.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
  expect(certificate.checkIssued(root) && certificate.verify(root.publicKey)).toBe(true)
  expect(certificate.checkPrivateKey(createPrivateKey(keyPem))).toBe(true)
  expect([root.ca, certificate.ca]).toEqual([true, false])
  expect([root.subject, certificate.subject]).toEqual(['CN=Test authority', 'CN=sip:edge.example'])
  expect(certificate.validFromDate.getTime()).toBeLessThan(Date.now())
})

test('lifetime and subject can be chosen, also wrongly', async () => {
  const authority = await makeAuthority()
  const notBefore = new Date('2020-01-01T00:00:00Z')
  const { certPem } = await authority.issue({ names: ['a.example'], notBefore, validHours: 1, commonName: 'Ägypten, "quoted"' })
  const certificate = new X509Certificate(certPem)
  expect(certificate.validToDate).toEqual(new Date('2020-01-01T01:00:00Z'))
  expect(certificate.subject).toContain('quoted')
})

test('an authority below another signs what both vouch for', async () => {
  const root = await makeAuthority()
  const below = await root.intermediate('Below')
  const [top, middle, leaf] = [root.certPem, below.certPem, (await below.issue({ names: ['a.example'] })).certPem].map(
    (pem) => new X509Certificate(pem),
  )
  expect(middle!.ca && middle!.checkIssued(top!) && middle!.verify(top!.publicKey)).toBe(true)
  expect(leaf!.checkIssued(middle!) && leaf!.verify(middle!.publicKey)).toBe(true)
})

test('what is too weak can be made: few bits, an old hash, no authority', async () => {
  const authority = await makeAuthority()
  const small = new X509Certificate((await authority.issue({ names: ['a.example'], key: 'rsa1024' })).certPem)
  expect(small.publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 1024 })
  const old = new X509Certificate((await authority.issue({ names: ['a.example'], hash: 'SHA-1' })).certPem)
  expect(old.signatureAlgorithm).toBe('ecdsa-with-SHA1')
  const own = new X509Certificate((await makeSelfSigned({ names: [], commonName: 'a.example' })).certPem)
  expect([own.subject, own.issuer, own.subjectAltName]).toEqual(['CN=a.example', 'CN=a.example', undefined])
  expect(own.verify(own.publicKey)).toBe(true)
})
