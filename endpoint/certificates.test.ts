import { createPrivateKey, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { makeAuthority } from './certificates.ts'

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
