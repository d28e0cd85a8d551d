import { randomFillSync } from 'node:crypto'

/** Random bytes are cheap by the page and dear by the handful; every message needs a few. */
const pool = Buffer.alloc(4096)
let used = pool.length

/** `bytes` random bytes in hex: tags, branches, Call-IDs. RFC 3261 19.3 asks for at least 4 of a tag. */
export function randomToken(bytes = 8): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString('hex', used - bytes, used)
}
