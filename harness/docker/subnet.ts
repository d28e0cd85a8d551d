/** An address range for a run's network that nothing on this machine uses. */
import { randomInt } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import type Docker from 'dockerode'

/** Addresses are fixed before the first container starts, because certificates and Asterisk's configuration name them. */
export interface LabAddresses {
  /** CIDR, a /24. */
  readonly subnet: string
  /** This machine on the network. */
  readonly host: string
  readonly edge: string
  readonly asterisk: string
  readonly genericPbx: string
}

/** Picks a free /24 out of 10.128.0.0/10. Throws when Docker lists more networks than can be. */
export async function chooseAddresses(engine: Docker): Promise<LabAddresses> {
  const taken = new Set<string>()
  for (const network of await engine.listNetworks()) {
    for (const { Subnet } of network.IPAM?.Config ?? []) if (Subnet) taken.add(prefix24(Subnet))
  }
  for (const addresses of Object.values(networkInterfaces())) for (const { address } of addresses ?? []) taken.add(prefix24(address))
  for (let tries = 0; tries < 1000; tries++) {
    const prefix = `10.${128 + randomInt(64)}.${randomInt(256)}`
    if (taken.has(prefix)) continue
    return {
      subnet: `${prefix}.0/24`,
      host: `${prefix}.1`,
      edge: `${prefix}.10`,
      asterisk: `${prefix}.20`,
      genericPbx: `${prefix}.30`,
    }
  }
  throw new Error('no free address range for the lab in 10.128.0.0/10')
}

function prefix24(address: string): string {
  return address.split('.').slice(0, 3).join('.')
}
