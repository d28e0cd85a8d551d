/** report.html in a real Chromium, opened from disk: what an engineer does with a failed run. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sampleCells } from './fixture/sample-matrix.ts'
import { writeSampleRun } from './fixture/sample-run.ts'
import { renderRun } from './render.ts'

const executablePath = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
)
const switches = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']

const failing = 'cisco.inbound.tcp.rtp.static.rfc4733.opus.none'
const letIn = 'generic.inbound.tcp.rtp.register.rfc4733.pcma.none'

describe.skipIf(executablePath === undefined)(
  'report.html (needs Chromium: apt-get install chromium, or name one in CHROMIUM_PATH)',
  () => {
    let dir: string
    let url: string
    let browser: Browser
    let page: Page
    let complaints: string[]

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'trunkproof-browser-'))
      writeSampleRun(dir, { only: ({ axes }) => axes.nat === 'none' && (axes.media === 'rtp' || axes.media === 'sdes') })
      await renderRun(dir)
      url = pathToFileURL(join(dir, 'report.html')).href
      browser = await chromium.launch({ executablePath: executablePath!, args: [...switches, ...quiet] })
    })
    afterAll(async () => {
      await browser?.close()
      rmSync(dir, { recursive: true })
    })

    async function open(hash = '', options: Parameters<Browser['newPage']>[0] = {}, file = url): Promise<Page> {
      page = await browser.newPage(options)
      await page.context().setOffline(true)
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(String(error)))
      await page.goto(file + hash)
      return page
    }

    beforeEach(() => {
      complaints = []
    })
    afterEach(async () => {
      await page?.close()
      // A violation of the page's own policy would stand here too.
      expect(complaints).toEqual([])
    })

    test('from the grid to the failing cell, its expectation and the message that shows it', async () => {
      await open()
      await page.getByRole('heading', { level: 1, name: /202 of 210 claimed cells tried are proven on personas; 5 cells fail/ }).waitFor()
      await page.getByText('a pass is the persona’s, not the vendor’s').waitFor()

      await page.getByRole('link', { name: /^Cisco \(CUCM\/CUBE\), Transport TCP \(persona\): 8 proven, 4 failing$/ }).click()
      await page.getByRole('heading', { name: '12 of 282 cells' }).waitFor()
      await page
        .getByRole('row', { name: /failing Cisco .* inbound TCP RTP static RFC 4733 Opus/ })
        .getByRole('link')
        .click()

      const broken = page.locator('#expectations article', { hasText: 'Digits of the peer reach the edge' })
      expect(await broken.textContent()).toMatch(/expected159# by rfc4733seen19# by rfc4733[\s\S]+remedyCUBE: dtmf-relay rtp-nte/)
      expect(page.url()).toContain(failing)

      await page.getByRole('button', { name: /^Message 1: INVITE from peer to edge/ }).click()
      const message = page.locator('.message')
      expect(await message.locator('pre').textContent()).toMatch(/^INVITE sip:\+15550100@127\.0\.0\.1[\s\S]+m=audio \d+ RTP\/AVP 111 101/)
      await broken.getByRole('button', { name: 'message 5 in the ladder' }).click()
      expect(await message.getByRole('heading').textContent()).toBe('5 · ACK')
      expect(await message.textContent()).toContain('Shows: Digits of the peer reach the edge')
      expect(await page.locator('.command code').textContent()).toMatch(/^npm run matrix -- --platform cisco .*--axis codec=opus/)
    })

    test('an address leads back to the same attempt and message', async () => {
      await open(`#/cell/${failing}/proof-call?attempt=1&message=4`)
      expect(await page.locator('.message h3').textContent()).toBe('4 · 200 OK')
      expect(await page.locator('.attempts [aria-current]').textContent()).toMatch(/Attempt 1/)
    })

    test('keyboard: arrows in the grid, Enter into it, slash to search, j to the next cell, Escape up', async () => {
      await open()
      const all = page.getByRole('link', { name: /^Asterisk \(persona\)/ })
      await all.focus()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowRight')
      await page.keyboard.press('ArrowLeft')
      await page.keyboard.press('ArrowRight')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: '24 of 282 cells' }).waitFor()
      expect(page.url()).toMatch(/platform=cisco.*direction=inbound/)
      await page.keyboard.press('/')
      await page.locator('#search:focus').waitFor()
      await page.keyboard.type('19#')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: '2 of 282 cells' }).waitFor()
      await page.keyboard.press('Escape')
      await page.locator('.cells tbody a').first().press('Enter')
      await page.locator('.crumbs', { hasText: '1 of 2' }).waitFor()
      await page.keyboard.press('j')
      await page.locator('.crumbs', { hasText: '2 of 2' }).waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('heading', { name: '2 of 282 cells' }).waitFor()
    })

    test('the ladder answers to arrow keys', async () => {
      await open(`#/cell/${failing}/proof-call?message=1`)
      await page.getByRole('button', { name: /^Message 1:/ }).focus()
      await page.keyboard.press('ArrowDown')
      expect(await page.locator('.message h3').textContent()).toBe('2 · 100 Trying')
      expect(page.url()).toContain('message=2')
    })

    test('a flaky cell shows the attempt that failed, and the other one', async () => {
      await open('#/cell/genesys.inbound.udp.rtp.static.rfc4733.opus.none/proof-call')
      await page.locator('#expectations article', { hasText: '19# by rfc4733' }).waitFor()
      await page.getByRole('link', { name: /Attempt 2/ }).click()
      await page.getByText('10 of 10 hold').waitFor()
    })

    test('every cell is a square, a skipped one says why', async () => {
      await open('#/map')
      const squares = page.locator('.square')
      expect(await squares.count()).toBe(
        sampleCells('x').filter(({ axes }) => axes.nat === 'none' && ['rtp', 'sdes'].includes(axes.media)).length,
      )
      await page
        .getByRole('link', { name: 'cisco.inbound.tls.sdes.static.rfc4733.pcmu.none: not tried, not built yet: media=sdes' })
        .click()
      await page.locator('.empty', { hasText: 'not built yet: media=sdes' }).waitFor()
    })

    test('clauses lead to the cells that break them', async () => {
      await open('#/clauses')
      await page
        .getByRole('row', { name: /broken dtmf\.rfc4733/ })
        .getByRole('link', { name: '4', exact: true })
        .click()
      await page.getByRole('heading', { name: '4 of 282 cells' }).waitFor()
    })

    test('checks stand in a table of their own and lead to their cells, and back', async () => {
      await open()
      await page.getByRole('link', { name: '1 check failing' }).waitFor()
      await page.getByRole('link', { name: 'wrong-password, Generic SIP trunk (persona): 2 passed, 1 failing' }).click()
      await page.getByRole('heading', { name: '3 of 23 checks' }).waitFor()
      expect(await page.getByRole('heading', { name: /cells$/ }).count()).toBe(0)
      await page
        .getByRole('row', { name: /failing Generic SIP trunk .* wrong-password the edge took a wrong password/ })
        .getByRole('link')
        .click()
      await page.locator('#expectations article', { hasText: 'A wrong password is refused' }).waitFor()
      await page.locator('.crumbs', { hasText: '2 of 3' }).waitFor()
      await page.getByRole('link', { name: /proof-call proven/ }).click()
      await page.getByText('10 of 10 hold').waitFor()
      await page.getByRole('link', { name: /wrong-password failing/ }).click()
      await page.getByRole('heading', { level: 1, name: /Generic SIP trunk · wrong-password failing/ }).waitFor()
    })

    test('cases tell what each demands: in a table by a word, in full where they stand alone or are not met', async () => {
      await open(`#/cell/${letIn}/wrong-password`)
      const cases = page.locator('#cases')
      await cases.getByText('2 of 3 as demanded').waitFor()
      const table = cases.getByRole('table', { name: 'The peer offers' })
      expect(await table.locator('td.v-pass').textContent()).toBe('RTP')
      const broken = table.locator('td.v-fail')
      expect(await broken.textContent()).toBe('no call not as demanded')
      expect(await broken.getAttribute('title')).toContain('comes to plain RTP (RFC 8643 section 3); seen: refused with 488')
      expect(await cases.getByRole('listitem').allTextContents()).toEqual([
        expect.stringContaining('TLS 1.2 is refused'),
        expect.stringContaining('an offer of peer dtls comes to plain RTP'),
      ])
      await page.goto(`${url}#/cell/${letIn.replace('tcp.rtp.register.rfc4733.pcma', 'udp.rtp.register.rfc4733.pcmu')}/wrong-password`)
      await cases.getByText('3 of 3 as demanded').waitFor()
      await cases.getByText('acme-dtls').waitFor()
    })

    test('the way to the real Asterisk is shown where a persona stood in for it, and only there', async () => {
      await open()
      await page.getByText('--runtime docker --platform asterisk').waitFor()
      await page.close()
      const other = join(dir, 'cisco')
      writeSampleRun(other, { only: ({ platform, axes }) => platform === 'cisco' && axes.media === 'rtp' && axes.nat === 'none' })
      await renderRun(other)
      await open('', {}, pathToFileURL(join(other, 'report.html')).href)
      await page.getByRole('heading', { level: 1, name: /of 36 claimed cells/ }).waitFor()
      expect(await page.getByText('The real Asterisk').count()).toBe(0)
    })

    test.each(['', '#/map', '#/cells', '#/clauses', '#/run', `#/cell/${failing}/proof-call`, `#/cell/${letIn}/wrong-password`])(
      'fits a phone: %s',
      async (hash) => {
        await open(hash, { viewport: { width: 390, height: 800 }, colorScheme: 'dark' })
        await page.locator('main > *').first().waitFor()
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
      },
    )
  },
)
