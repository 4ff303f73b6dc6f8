"""The page on which a person confirms the code that a device shows, as AWS's own would be; one button each."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from markupsafe import Markup, escape
from werkzeug.wrappers import Request, Response

from finops.sandbox.aws.sso import IdentityCenter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/device"
_PAGE = Markup("""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Simulated AWS sign-in</title>
  </head>
  <body>
    <main>
      <h1>Simulated AWS sign-in</h1>
      <p>This page stands in for the one of AWS. It is part of the demo, and opens nothing but the demo.</p>
      {said}
      <form method="post" action="{path}">
        <p><label>Code <input name="user_code" value="{code}" autocomplete="off" spellcheck="false"></label></p>
        <p>Confirm it only if the application shows you the same code.</p>
        <p><button name="answer" value="confirm">Confirm and allow</button>
           <button name="answer" value="deny">Deny</button></p>
      </form>
      <h2>As an administrator of IAM Identity Center</h2>
      <form method="post" action="{path}">
        <p>{sessions} tokens are good now.
           <button name="answer" value="end">End all sessions</button></p>
      </form>
    </main>
  </body>
</html>
""")


class PortalPage:
    """Answers under PATH; all else goes on to the AWS endpoint."""

    def __init__(self, identity_center: IdentityCenter, *, beyond: "WSGIApplication") -> None:
        self._identity_center = identity_center
        self._beyond = beyond

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        if environ.get("PATH_INFO") != PATH:
            return self._beyond(environ, start_response)
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return self._page(request.args.get("user_code", ""))
        code, answer = request.form.get("user_code", "").strip().upper(), request.form.get("answer", "")
        try:
            if answer == "confirm":
                self._identity_center.approve(code)
                return self._page(code, "Confirmed. Go back to the application: it is signed in within seconds.")
            if answer == "deny":
                self._identity_center.deny(code)
                return self._page(code, "Denied. The application is not signed in.")
        except KeyError:
            return self._page(code, "No device shows this code, or it has expired.", status=404)
        if answer == "end":
            self._identity_center.end_all_sessions()
            return self._page("", "All sessions are over. The application has to be signed in again.")
        return self._page(code, "Confirm or deny the code.", status=400)

    def _page(self, code: str, said: str = "", *, status: int = 200) -> Response:
        words = Markup('<p role="status"><strong>{}</strong></p>').format(said) if said else Markup("")
        page = _PAGE.format(path=PATH, said=words, code=escape(code), sessions=self._identity_center.sessions)
        return Response(page, status, content_type="text/html; charset=utf-8")
