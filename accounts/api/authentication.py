"""Lets programs in by their tokens."""

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.services.api_tokens import user_of_token
from accounts.services.audit import address_of

_KEYWORDS = (b"bearer", b"token")


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer cfo_…`; clients that write `Token` instead are understood too."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The user and their token; None leaves it to the session."""
        keyword, _, rest = get_authorization_header(request).partition(b" ")
        if keyword.lower() not in _KEYWORDS:
            return None
        text = rest.strip().decode("latin-1")
        found = user_of_token(text=text, address=address_of(request), now=timezone.now())
        if found is None:
            raise AuthenticationFailed("This token lets nobody in. Make a new one under API tokens.")
        return found

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        del request
        return 'Bearer realm="api"'


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # the library tells no types
    """Tells the API document of the token."""

    target_class = "accounts.api.authentication.ApiTokenAuthentication"
    name = "apiToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """An HTTP bearer token."""
        del auto_schema
        return {"type": "http", "scheme": "bearer", "description": "A token made under API tokens: cfo_…"}
