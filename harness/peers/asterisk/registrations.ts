/**
 * Which registrations a running Asterisk keeps. They are begun and ended by rewriting one
 * small configuration file and having it read again; requests that come together share one
 * reading.
 */
import { writeFile } from 'node:fs/promises'
import type { PeerIdentity } from '../peer.ts'
import type { AmiClient } from './ami.ts'
import { type ActiveRegistration, registrationFile } from './config.ts'

export class Registrations {
  readonly #ami: AmiClient
  readonly #path: string
  readonly #active = new Map<string, ActiveRegistration>()
  #reading: Promise<void> = Promise.resolve()
  #pending: Promise<void> | undefined

  /** `path` is the registration file as this process sees it. */
  constructor(ami: AmiClient, path: string) {
    this.#ami = ami
    this.#path = path
  }

  /** Resolves when Asterisk has read that it is to register, which it does a second later: what comes of it, its events tell. */
  async begin(identity: PeerIdentity, options: { readonly wrongPassword: boolean }): Promise<void> {
    // An unchanged registration would not be started anew.
    if (this.#active.delete(identity.number)) await this.#apply()
    this.#active.set(identity.number, { identity, ...options })
    await this.#apply()
  }

  /** Asterisk removes the binding at the edge, if it has one. */
  async end(identity: PeerIdentity): Promise<void> {
    if (this.#active.delete(identity.number)) await this.#apply()
  }

  #apply(): Promise<void> {
    this.#pending ??= this.#reading
      .catch(() => {})
      .then(async () => {
        this.#pending = undefined
        this.#reading = this.#read()
        await this.#reading
      })
    return this.#pending
  }

  async #read(): Promise<void> {
    // In place: the container sees this very file.
    await writeFile(this.#path, registrationFile([...this.#active.values()]))
    await this.#ami.action('Reload', { Module: 'res_pjsip_outbound_registration.so' })
  }
}
