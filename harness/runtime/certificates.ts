/** Certificates of one run: an authority that lives for a day, and one certificate a party. Nothing to expire in a repository. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeAuthority } from '../../endpoint/certificates.ts'

export interface PartyFiles {
  readonly certificate: string
  readonly key: string
  readonly authority: string
}

const hours = 24

/**
 * Writes `ca.crt` and, for each party, `NAME.crt` and `NAME.key` into a folder, and gives
 * their paths. `parties` maps a name to the addresses and domains its certificate is for.
 */
export async function writeCertificates<P extends string>(
  folder: string,
  parties: Readonly<Record<P, readonly string[]>>,
): Promise<Readonly<Record<P, PartyFiles>>> {
  await mkdir(folder, { recursive: true })
  const authority = await makeAuthority({ name: 'Trunkproof run', validHours: hours })
  const authorityFile = join(folder, 'ca.crt')
  await writeFile(authorityFile, authority.certPem)
  const written = await Promise.all(
    Object.entries<readonly string[]>(parties).map(async ([name, names]) => {
      const { certPem, keyPem } = await authority.issue({ names, validHours: hours })
      const files = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`), authority: authorityFile }
      // The keys are good for this run only; still nobody else's business.
      await Promise.all([writeFile(files.certificate, certPem), writeFile(files.key, keyPem, { mode: 0o600 })])
      return [name, files] as const
    }),
  )
  return Object.fromEntries(written) as Record<P, PartyFiles>
}
