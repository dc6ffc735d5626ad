"""The page as a person meets it. Waits are for events of the page's own log, never for time."""

import json
import pathlib

import axe_core_python
from selenium import webdriver
from selenium.common.exceptions import JavascriptException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from wire import PASSWORD

SIZES = {'wide': (1280, 800, 1, False), 'phone': (390, 844, 2, True), 'narrow': (320, 640, 2, True)}
TIMEOUT = 20
AXE = (pathlib.Path(axe_core_python.__file__).parent / 'axe.min.js').read_text()
# A rule that fails to run is an error too: a colour that axe cannot read would silence the whole rule.
JUDGED = """
const [tags, done] = arguments;
// Menus float outside of the landmarks.
axe.run(document, { runOnly: { type: 'tag', values: tags }, rules: { region: { enabled: false } }, resultTypes: ['violations', 'incomplete'] }).then((found) => done([
  ...found.violations.flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.target} ${node.failureSummary}`)),
  ...found.incomplete.flatMap((each) => each.nodes.flatMap((node) => [...node.any, ...node.all, ...node.none]
    .filter((check) => check.id === 'error-occurred' || check.data?.error || check.error).map((check) => `${each.id} did not run: ${check.message}`))),
]), (error) => done([String(error)]));
"""


def start_driver(chromium, chromedriver):
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ('--headless=new', '--no-sandbox', '--disable-gpu', '--lang=en-GB', '--force-color-profile=srgb',
                     '--disable-dev-shm-usage', '--disable-background-networking', '--disable-component-update', '--no-first-run'):
        options.add_argument(argument)
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    driver.set_script_timeout(TIMEOUT)
    return driver


class Page:
    def __init__(self, driver, base):
        self.driver, self.base = driver, base
        self.expected = []
        self.size('wide')
        self.scheme('light')

    # The stage

    def size(self, name):
        width, height, scale, mobile = SIZES[name]
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {'width': width, 'height': height, 'deviceScaleFactor': scale, 'mobile': mobile})
        self.driver.execute_cdp_cmd('Emulation.setTouchEmulationEnabled', {'enabled': mobile})

    def scheme(self, name):
        self.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [{'name': 'prefers-color-scheme', 'value': name}]})

    def open(self, path='/?test'):
        self.driver.get(self.base + path)
        self.until('return window.parley !== undefined')

    def reload(self):
        self.driver.refresh()
        self.until('return window.parley !== undefined')

    # Waiting

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, script, *arguments, what=None):
        # What looks into an element that is not there yet throws: then it is not true yet.
        wait = WebDriverWait(self.driver, TIMEOUT, poll_frequency=0.05, ignored_exceptions=[JavascriptException])
        try:
            return wait.until(lambda driver: driver.execute_script(script, *arguments))
        except Exception:
            log = self.run('return window.parley ? parley.log.slice(-25).map((e) => JSON.stringify(e)) : []')
            raise AssertionError('waited in vain for ' + (what or script) + '\n' + '\n'.join(log)) from None

    def mark(self):
        """The number of the newest event: what is waited for next must come after it."""
        return self.run('return parley.log.at(-1)?.n ?? 0')

    def event(self, name, after=0, **fields):
        return self.until(
            'const [name, after, fields] = arguments;'
            'return parley.log.find((e) => e.n > after && e.name === name && Object.entries(fields).every(([k, v]) => e[k] === v));',
            name, after, fields, what=f'{name} {fields}')

    def idle(self):
        self.driver.execute_async_script('parley.idle().then(arguments[arguments.length - 1])')

    def advance(self, milliseconds):
        self.run('parley.clock.advance(arguments[0])', milliseconds)

    # Acting

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def button(self, name, within=''):
        return self.driver.find_element(By.XPATH, f'{within}//button[normalize-space()="{name}" or @aria-label="{name}"]')

    def press(self, name, within=''):
        """Clicks the visible button of this name once it is there."""
        self.until(
            'const [name, within] = arguments;'
            'const found = [...document.querySelectorAll(`${within} button`)].find((e) => e.checkVisibility() && !e.disabled &&'
            ' (e.getAttribute("aria-label") === name || e.querySelector(".lead-label, span:not(.unseen)")?.textContent === name || e.textContent.trim() === name));'
            'if (!found) return false; found.focus(); found.click(); return true', name, within, what=f'button {name!r}')

    def keys(self, *keys):
        """Keys one after the other, to whatever has the focus; a tuple is a chord."""
        for key in keys:
            chord = key if isinstance(key, tuple) else (key,)
            chain = ActionChains(self.driver)
            for each in chord[:-1]:
                chain.key_down(each)
            chain.send_keys(chord[-1])
            for each in reversed(chord[:-1]):
                chain.key_up(each)
            chain.perform()

    def focused(self):
        """The name of what has the focus: its label, else its text."""
        return self.run('const e = document.activeElement; return e.getAttribute("aria-label") || e.textContent.trim()')

    def notices(self):
        """The system lines of the timeline."""
        return self.run('return [...document.querySelectorAll(".rows > .notice")].map((e) => e.textContent)')

    def tells(self, text):
        self.until('return [...document.querySelectorAll(".rows > .notice")].some((e) => e.textContent === arguments[0])', text, what=f'notice {text!r}')

    def insert(self, text):
        """Text into the focused field, any character."""
        self.driver.execute_cdp_cmd('Input.insertText', {'text': text})

    def fill_log_in(self, name, password=PASSWORD, register=False):
        self.until('return document.querySelector(".login:not([hidden])") !== null')
        if register:
            self.button('Create an account').click()
        for field, value in (('name', name), ('password', password)):
            element = self.find(f'#{field}')
            element.clear()
            element.click()
            self.insert(value)
        self.find('#password').send_keys(Keys.ENTER)

    def enter(self, name, register=False):
        after = self.mark()
        self.fill_log_in(name, register=register)
        self.event('synced', after)
        self.idle()

    def choose(self, title):
        after = self.mark()
        self.until('return [...document.querySelectorAll(".conversation .title")].some((e) => e.textContent === arguments[0])', title)
        self.run('[...document.querySelectorAll(".conversation")].find((e) => e.querySelector(".title").textContent === arguments[0]).click()', title)
        self.event('opened', after)
        self.idle()

    def type(self, text):
        self.find('.composer textarea').click()
        self.insert(text)

    def send(self, text):
        """Writes and sends; returns the client id once the row is kept."""
        after = self.mark()
        self.type(text)
        self.find('.composer textarea').send_keys(Keys.ENTER)
        return self.event('queued', after)['client']

    # Looking

    def rows(self):
        """The messages on the page: (sequence or None, text, state)."""
        return [tuple(row) for row in self.run(
            'return [...document.querySelectorAll(".rows > .message")].map((e) =>'
            ' [e.dataset.id ? Number(e.dataset.id) : null, e.querySelector(".text").textContent, e.dataset.state])')]

    def texts(self):
        return [text for _, text, _ in self.rows()]

    def shows(self, text):
        self.until('return [...document.querySelectorAll(".rows .text")].some((e) => e.textContent === arguments[0])', text, what=f'row {text[:40]!r}')

    def sent(self, count):
        self.until('const own = [...document.querySelectorAll(".rows .own")]; return own.length >= arguments[0] && own.every((e) => e.dataset.state === "sent")', count)

    def summary(self, title):
        """What the list says of a conversation."""
        return self.run(
            'const item = [...document.querySelectorAll(".conversation")].find((e) => e.querySelector(".title").textContent === arguments[0]);'
            'return item && { preview: item.querySelector(".preview").textContent, badge: item.querySelector(".badge")?.firstChild.textContent ?? "" };', title)

    def scroll(self):
        return self.run('const s = document.querySelector(".scroller"); return { top: s.scrollTop, height: s.scrollHeight, port: s.clientHeight }')

    def axe(self):
        """What axe has to say against the screen, by the rules of WCAG 2.1 AA and its own good practice."""
        if not self.run('return window.axe !== undefined'):
            self.run(AXE)
        return self.driver.execute_async_script(JUDGED, ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'])

    def expect(self, *fragments):
        """Console lines that the test itself provokes."""
        self.expected += fragments

    def complaints(self):
        """Console errors and warnings, policy violations, rejections, and requests to other origins."""
        found = [entry['message'] for entry in self.driver.get_log('browser') if entry['level'] in ('SEVERE', 'WARNING')]
        for entry in self.driver.get_log('performance'):
            message = json.loads(entry['message'])['message']
            if message['method'] == 'Network.requestWillBeSent':
                url = message['params']['request']['url']
                if not url.startswith((self.base, 'data:', 'blob:', 'about:', 'chrome:')):
                    found.append(f'foreign request {url}')
        return [line for line in found if not any(fragment in line for fragment in self.expected)]
