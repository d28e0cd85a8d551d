/** What is added to a log while one attempt is under way. */
import { open, stat } from 'node:fs/promises'

/** No attempt says more; a log that grows faster is read as far as this, bytes. */
const mostBytes = 4 << 20

export class LogTail {
  readonly #path: string
  readonly #from: number

  private constructor(path: string, from: number) {
    this.#path = path
    this.#from = from
  }

  /** Begins at the end of what is there now. */
  static async begin(path: string): Promise<LogTail> {
    const { size } = await stat(path).catch(() => ({ size: 0 }))
    return new LogTail(path, size)
  }

  /** What came since; undefined when there is no such log. */
  async text(): Promise<string | undefined> {
    const file = await open(this.#path).catch(() => undefined)
    if (file === undefined) return undefined
    try {
      const { size } = await file.stat()
      const bytes = Buffer.alloc(Math.max(0, Math.min(size - this.#from, mostBytes)))
      const { bytesRead } = await file.read(bytes, 0, bytes.length, this.#from)
      return bytes.toString('utf8', 0, bytesRead)
    } finally {
      await file.close()
    }
  }
}
