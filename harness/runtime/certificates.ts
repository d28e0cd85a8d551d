/** Certificates of one run: an authority that lives for a day, and one certificate a party. Nothing to expire in a repository. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeAuthority } from '../../endpoint/certificates.ts'
import type { TlsCertificates } from '../probes/tls-lab.ts'

export interface PartyFiles {
  readonly certificate: string
  readonly key: string
  readonly authority: string
  /** Lists of what the authorities of the run have revoked. */
  readonly revoked: string
}

const hours = 24

/** Named in errors and in the journal, so people may ask what it is. */
const intermediateName = 'Trunkproof run, below the authority'

/**
 * Writes `ca.crt`, `ca.crl` and, for each party, `NAME.crt` and `NAME.key` into a folder, and
 * gives their paths, and what further certificates of the run are made with. `parties` maps a
 * name to the addresses and domains its certificate is for; probes listen at `probeHost`.
 */
export async function writeCertificates<P extends string>(
  folder: string,
  parties: Readonly<Record<P, readonly string[]>>,
  probeHost: string,
): Promise<{ readonly files: Readonly<Record<P, PartyFiles>>; readonly certificates: TlsCertificates }> {
  await mkdir(folder, { recursive: true })
  const authority = await makeAuthority({ name: 'Trunkproof run', validHours: hours })
  const intermediate = await authority.intermediate(intermediateName)
  const revoked = await authority.issue({ names: [probeHost], validHours: hours })
  const shared = { authority: join(folder, 'ca.crt'), revoked: join(folder, 'ca.crl') }
  await writeFile(shared.authority, authority.certPem)
  // Where lists are looked at, every authority of a chain needs one.
  await writeFile(shared.revoked, (await authority.revoke([revoked])) + (await intermediate.revoke([])))
  const written = await Promise.all(
    Object.entries<readonly string[]>(parties).map(async ([name, names]) => {
      const { certPem, keyPem } = await authority.issue({ names, validHours: hours })
      const files = { ...shared, certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
      // The keys are good for this run only; still nobody else's business.
      await Promise.all([writeFile(files.certificate, certPem), writeFile(files.key, keyPem, { mode: 0o600 })])
      return [name, files] as const
    }),
  )
  return { files: Object.fromEntries(written) as Record<P, PartyFiles>, certificates: { authority, intermediate, revoked } }
}
