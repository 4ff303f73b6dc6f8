"""What every API view of this project starts from."""

from typing import Any

from django.forms import BaseForm
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.request import Request
from rest_framework.serializers import Serializer

from accounts.models import User
from accounts.selectors.scope import Scope, scope_of
from accounts.services.refusal import Refused
from finops.core.problems import NoSuchValue, ParameterProblem


class SignedInApiRequest(Request):
    """A request that the default permission let through."""

    user: User


def scope_or_404(user: User, team_slug: str) -> Scope:
    """The scope that `team_slug` names; a team the user is not in does not exist for them."""
    scope = scope_of(user, team_slug=team_slug)
    if scope is None:
        raise NoSuchValue("team", "You are in no team with that slug.")
    return scope


def body_of(serializer_class: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body's fields, of the right types and none unknown; raises ParameterProblem that names each wrong one."""
    if not isinstance(request.data, dict):
        raise ParameterProblem({"": [ErrorDetail("The body is a JSON object.", code="invalid")]})
    serializer = serializer_class(data=request.data)
    errors: dict[str, Any] = {
        name: [ErrorDetail("There is no such field.", code="unknown")]
        for name in sorted(set(request.data) - set(serializer.fields))
    }
    if not serializer.is_valid():
        errors |= serializer.errors
    if errors:
        raise ParameterProblem(errors)
    return dict(serializer.validated_data)


def raise_errors_of(form: BaseForm) -> None:
    """Raise ParameterProblem with what is wrong in `form`."""
    problems = form.errors.as_data().items()
    raise ParameterProblem(
        {
            "" if name == "__all__" else name: [
                ErrorDetail(message, code=problem.code or "invalid")
                for problem in errors
                for message in problem.messages
            ]
            for name, errors in problems
        }
    )


class NotDone(APIException):
    """A service refused: nothing was changed."""

    status_code = 409
    default_code = "refused"


def problem_of(refusal: Refused) -> APIException:
    """A refusal as the API tells it: by the field it is about, or as a conflict."""
    words = f"{refusal.message} {refusal.fix}".strip()
    if refusal.field:
        return ParameterProblem({refusal.field: [ErrorDetail(words, code="refused")]})
    return NotDone(words)
