/** What werift can speak, by the numbers of RFC 5289 and RFC 8422. */

export const dtls12 = 0xfefd

/** TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: the one that goes with our certificate. */
export const ecdsaSuite = 0xc02b
/** As a client we also take TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: the server's certificate decides. */
export const cipherSuites: readonly number[] = [ecdsaSuite, 0xc02f]

/** x25519 and secp256r1. */
export const curves: readonly number[] = [29, 23]

/** SHA-256 with ECDSA: how we sign. */
export const ecdsaSha256 = 0x0403
