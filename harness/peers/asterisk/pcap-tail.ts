/** Reads a pcap file while it is being written: each call yields the frames that were completed since the last. */
import { type FileHandle, open } from 'node:fs/promises'
import { type Frame, readCapture } from '../../../protocol/capture/capture-file.ts'

const fileHeaderLength = 24
const recordHeaderLength = 16
/** What is read at once: more than the longest record can be, and about a second of ten calls. */
const chunkLength = 1 << 19

export class PcapTail implements AsyncDisposable {
  readonly #file: FileHandle
  /** The file's header, once it is there, and room for records behind it: what a capture file looks like. */
  readonly #buffer = Buffer.alloc(chunkLength)
  #offset = 0

  private constructor(file: FileHandle) {
    this.#file = file
  }

  static async open(path: string): Promise<PcapTail> {
    return new PcapTail(await open(path, 'r'))
  }

  /** Throws an Error when the file is no capture. */
  async read(): Promise<Frame[]> {
    const frames: Frame[] = []
    for (;;) {
      const chunk = await this.#chunk()
      if (chunk === undefined) return frames
      const read = readCapture(chunk)
      if (!read.ok) throw new Error(read.error)
      if (read.frames.length === 0) return frames
      for (const frame of read.frames) this.#offset += recordHeaderLength + frame.bytes.length
      frames.push(...read.frames)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }

  /** The file's header and what follows from the first record not yet read; undefined when there is nothing. */
  async #chunk(): Promise<Buffer | undefined> {
    if (this.#offset === 0) {
      const { bytesRead } = await this.#file.read(this.#buffer, 0, fileHeaderLength, 0)
      if (bytesRead < fileHeaderLength) return undefined
      this.#offset = fileHeaderLength
    }
    const { bytesRead } = await this.#file.read(this.#buffer, fileHeaderLength, chunkLength - fileHeaderLength, this.#offset)
    // A copy: frames are views into it, and the buffer is used again.
    return bytesRead === 0 ? undefined : Buffer.from(this.#buffer.subarray(0, fileHeaderLength + bytesRead))
  }
}
