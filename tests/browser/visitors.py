"""Chromium, people signed in to it, and a watch on everything that goes wrong while they look."""

from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from tests.browser.sights import FINDERS, NOBODY, PASSWORDS

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
# The browser tells the page what its policy forbade; the page tells us as it tells all else, on its console.
_TELL_OF_POLICY = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`the policy forbade ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 360, "height": 740}


@contextmanager
def chromium():
    """A browser, once a session: starting one takes a second."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), headless=True, chromium_sandbox=False, args=_ARGUMENTS
        )
        yield browser
        browser.close()


class Watch:
    """Hears what a page complains of: console, exceptions, policy, failed and foreign requests."""

    def __init__(self, page, *, url):
        self._host = urlsplit(url).netloc
        self._expected = 200
        self.faults = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def expect(self, status):
        """From now on the page itself answers with `status`."""
        self._expected = status

    def _console(self, message):
        if message.type in {"error", "warning"} and f"a status of {self._expected}" not in message.text:
            self.faults.append(f"console {message.type}: {message.text}")

    def _request(self, request):
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc != self._host:
            self.faults.append(f"asked another host: {request.url}")

    def _failed(self, request):
        # Whoever leaves a page ends what it was still asking for.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.faults.append(f"failed: {request.url} {request.failure}")

    def _response(self, response):
        if response.status >= 400 and response.status != self._expected:
            self.faults.append(f"{response.status}: {response.url}")


class Visitors:
    """Pages in which people are signed in; each signs in once, by the form, and is remembered."""

    def __init__(self, browser, *, url):
        self._browser, self.url = browser, url
        self._cookies = {}
        self._contexts = {}
        self._found = {}

    def context(self, who, *, javascript=True):
        """Somebody's browser; made once, shared by all their pages."""
        if (who, javascript) not in self._contexts:
            context = self._browser.new_context(
                base_url=self.url,
                java_script_enabled=javascript,
                viewport=WIDE,
                reduced_motion="reduce",
                locale="en-GB",
                timezone_id="UTC",
            )
            context.set_default_timeout(20_000)
            context.add_init_script(_TELL_OF_POLICY)
            if who != NOBODY:
                context.add_cookies(self._signed_in(who))
            self._contexts[who, javascript] = context
        return self._contexts[who, javascript]

    def forget(self, who):
        """Their next page is that of somebody who must sign in anew."""
        self._cookies.pop(who, None)
        for key in [key for key in self._contexts if key[0] == who]:
            self._contexts.pop(key).close()

    def _signed_in(self, who):
        if who not in self._cookies:
            with self._browser.new_context(base_url=self.url) as context:
                page = context.new_page()
                sign_in(page, who)
                self._cookies[who] = context.cookies()
        return self._cookies[who]

    @contextmanager
    def page(self, who, *, javascript=True):
        """A page of that person with `page.watch` on it; closed afterwards. Nobody is remembered by nothing."""
        if who == NOBODY:
            self.forget(who)
        page = self.context(who, javascript=javascript).new_page()
        page.watch = Watch(page, url=self.url)
        try:
            yield page
        finally:
            page.close()

    def path_of(self, sight):
        """The sight's path with its holes filled for whoever looks."""
        path = sight.path
        for hole, (address, key) in FINDERS.items():
            if f"{{{hole}}}" in path:
                path = path.replace(f"{{{hole}}}", str(self.find(sight.who, address, key)))
        return path

    def find(self, who, address, key):
        """A value of the first row that the API answers that person with."""
        if (who, address) not in self._found:
            path, _, part = address.partition("#")
            answer = self.context(who).request.get(path).json()
            rows = answer["data"][part] if part else answer.get("results")
            self._found[who, address] = answer if rows is None else rows[0]
        return self._found[who, address][key]

    def open(self, page, sight):
        """Lead `page` to the sight and wait until its charts are drawn."""
        page.watch.expect(sight.status)
        response = page.goto(self.path_of(sight))
        assert response.status == sight.status, f"{response.status} where {sight.status} was expected"
        settle(page)


def sign_in(page, who):
    """Through the form, as a person does."""
    page.goto("/sign-in/")
    page.locator("input[name=username]").fill(who)
    page.locator("input[name=password]").fill(PASSWORDS[who])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Sign out").wait_for(state="attached")


def settle(page):
    """Wait until every chart that the page announces is drawn, and fits where it stands."""
    page.wait_for_function(
        """() => !document.querySelector("[data-chart]") || document.documentElement.dataset.chartsDrawn > 0"""
    )
    # A chart learns of a new width a frame after the page does.
    page.evaluate(
        """() => new Promise((done) => {
          let frames = 0;
          const look = () => ++frames > 30 || frames > 2 && [...document.querySelectorAll("canvas")].every(
            (canvas) => canvas.clientWidth <= canvas.parentElement.clientWidth) ? done() : requestAnimationFrame(look);
          look();
        })"""
    )
