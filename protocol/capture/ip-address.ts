/** IP addresses between text and bytes, as captures need them. */
import ipaddr from 'ipaddr.js'

/** Four or sixteen bytes of an address; an IPv4-mapped IPv6 address gives four, a zone is dropped. Throws on what is no IP address. */
export function addressBytes(address: string): Uint8Array {
  return Uint8Array.from(ipaddr.process(address.replace(/%.*$/, '')).toByteArray())
}

/** The usual text of four or sixteen address bytes, IPv6 compressed and without brackets. */
export function formatAddress(bytes: Uint8Array): string {
  return ipaddr.fromByteArray([...bytes]).toString()
}
