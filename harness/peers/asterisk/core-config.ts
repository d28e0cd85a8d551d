/**
 * Asterisk's configuration that is the same whatever is planned: the modules it loads,
 * where it keeps files, who may control it. Pure text.
 */

/** What the cells need and nothing else: a start takes half as long, and nothing unasked-for listens. */
const modules = `
res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb res_crypto res_pjproject res_pjsip
res_pjsip_session res_pjsip_sdp_rtp res_pjsip_pubsub res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user
res_pjsip_authenticator_digest res_pjsip_outbound_authenticator_digest res_pjsip_outbound_registration res_pjsip_nat
res_pjsip_dtmf_info res_pjsip_empty_info res_pjsip_caller_id res_pjsip_rfc3326 res_pjsip_acl res_pjsip_header_funcs
res_pjsip_logger res_pjsip_dlg_options res_pjsip_maintenance chan_pjsip res_rtp_asterisk res_srtp res_format_attr_opus
codec_ulaw codec_alaw codec_a_mu codec_resample codec_opus_open_source bridge_simple pbx_config
format_pcm app_read app_senddtmf app_userevent
func_channel func_env func_global func_hangupcause func_logic func_strings
`
  .trim()
  .split(/\s+/)

/** Where the container's folders are; docker-compose.yml mounts them. */
export const containerFolders = { configuration: '/etc/asterisk', pki: '/etc/trunkproof/pki', capture: '/capture' } as const

export const managerPort = 5038
/** Asterisk picks at random: far more ports than calls, so that a closed one is seldom taken again at once. */
export const rtpPorts = { first: 10000, last: 29999 } as const

export interface ManagerLogin {
  readonly username: string
  readonly secret: string
}

/** Files by name, without those that depend on cells. */
export function coreConfiguration(manager: ManagerLogin): Map<string, string> {
  return new Map([
    ['asterisk.conf', section('options', { hideconnect: 'yes', nocolor: 'yes', maxfiles: '8000' }) + logFolder],
    ['modules.conf', `[modules]\nautoload = no\n${modules.map((name) => `load = ${name}.so\n`).join('')}`],
    ['logger.conf', '[general]\ndateformat = %F %T.%3q\n[logfiles]\nasterisk.log => notice,warning,error\n'],
    [
      'rtp.conf',
      section('general', { rtpstart: String(rtpPorts.first), rtpend: String(rtpPorts.last), strictrtp: 'yes', icesupport: 'no' }),
    ],
    [
      'manager.conf',
      section('general', { enabled: 'yes', webenabled: 'no', port: String(managerPort), bindaddr: '0.0.0.0', timestampevents: 'yes' }) +
        section(manager.username, { secret: manager.secret, read: 'system,call,user', write: 'system,call,originate,command' }),
    ],
    // Tones of a country are never played, but without one Asterisk warns.
    [
      'indications.conf',
      `${section('general', { country: 'us' })}${section('us', { description: 'United States', ringcadence: '2000,4000', dial: '350+440' })}`,
    ],
    ['cdr.conf', section('general', { enable: 'no' })],
    ['cel.conf', section('general', { enable: 'no' })],
    ['acl.conf', ''],
    ['pjproject.conf', ''],
    ['features.conf', ''],
    ['udptl.conf', ''],
    ['stasis.conf', ''],
    ['ccss.conf', ''],
    ['codecs.conf', ''],
  ])
}

const logFolder = `[directories]\nastlogdir => ${containerFolders.capture}\nastrundir => /run/asterisk\n`

/** One section of a configuration file, one option a line. A ";" would begin a comment and is escaped. */
export function section(name: string, options: Readonly<Record<string, string | readonly string[]>>, template = ''): string {
  const lines = Object.entries(options).flatMap(([key, value]) =>
    (typeof value === 'string' ? [value] : value).map((one) => `${key} = ${escaped(one)}\n`),
  )
  return `[${name}]${template}\n${lines.join('')}\n`
}

function escaped(value: string): string {
  if (/[\r\n]/.test(value)) throw new RangeError('a configuration value cannot hold a line break')
  return value.replaceAll(';', '\\;')
}
