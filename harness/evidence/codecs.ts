/** Which codecs a session description names, by the names the axes use. */
import type { SdpFormat, SdpMedia, SdpSession } from '../../protocol/sdp/session.ts'

/** Formats that carry no audio of their own. */
const besides = new Set(['telephone-event', 'cn'])

const audioOf = (session: SdpSession): SdpMedia | undefined => session.media.find((media) => media.kind === 'audio')

const isCodec = (format: SdpFormat): boolean => !besides.has(format.name)

/** Codecs of the audio stream in order of preference; none when it is refused (port 0, RFC 3264 section 6). */
export function codecsOf(session: SdpSession): string[] {
  const audio = audioOf(session)
  if (audio === undefined || audio.port === 0) return []
  return audio.formats.filter(isCodec).map((format) => format.name)
}

/** What a payload type number means in a description: codec name, or `telephone-event` with its clock rate. */
export function payloadTypesOf(session: SdpSession): Map<number, SdpFormat> {
  return new Map(audioOf(session)?.formats.map((format) => [format.payloadType, format]))
}
