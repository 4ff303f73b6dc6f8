"""AWS accounts: listed, registered, changed and removed."""

import json
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, NotFound, PermissionDenied
from rest_framework.response import Response

from accounts.api.requests import (
    SignedInApiRequest,
    body_of,
    problem_of,
    raise_errors_of,
    scope_or_404,
)
from accounts.api.serializers import (
    AccountChangeSerializer,
    AccountDetailSerializer,
    AccountSerializer,
    RegistrationSerializer,
    RunSerializer,
    TrustPolicySerializer,
)
from accounts.forms import ScopeForm
from accounts.forms.aws_accounts import ChangeForm, RegisterForm, TrustPolicyForm
from accounts.models import AwsAccount, Door, Team
from accounts.selectors.account_states import account_states
from accounts.selectors.aws_accounts import account_rows
from accounts.selectors.health import data_health
from accounts.selectors.roles import owned_account, owned_teams, visible_account
from accounts.selectors.runs import run_of
from accounts.selectors.trust_policy import trust_policy
from accounts.services.audit import Actor
from accounts.services.refusal import Refused
from accounts.services.registration import change_account, external_id_for, register_account
from accounts.services.removal import STATEMENTS_A_REQUEST, request_removal, wipe
from finops.core.answers import ReadView, TableView, csv_response, wants_csv
from finops.core.parameters import NoParameters, checked, described
from finops.core.problems import ParameterProblem

_OWNERS_ONLY = "Only owners of the team may register, change and remove its accounts."
_CONFIRMATION = "confirmation"


class _Accounts(serializers.Serializer):  # type: ignore[type-arg]
    count = serializers.IntegerField()
    results = AccountSerializer(many=True)


class _Registered(serializers.Serializer):  # type: ignore[type-arg]
    account = AccountDetailSerializer()
    run = RunSerializer()
    login_needed = serializers.CharField(help_text="What AWS wants before it answers; empty where it let us in.")


class Accounts(TableView):
    """The AWS accounts of your teams."""

    http_method_names = [*TableView.http_method_names, "post"]

    @extend_schema(operation_id="accounts", parameters=described(ScopeForm), responses=_Accounts)
    def get(self, request: SignedInApiRequest) -> HttpResponseBase:
        """By name; not cut into pages, for there are as many as you registered."""
        form = checked(ScopeForm, request)
        rows = account_rows(scope_or_404(request.user, form.cleaned_data["team"]))
        if wants_csv(request):
            return csv_response("accounts", AccountSerializer, rows)
        return Response(_Accounts({"count": len(rows), "results": rows}).data)

    @extend_schema(
        operation_id="register_account",
        request=RegistrationSerializer,
        responses={201: _Registered, 409: OpenApiResponse(description="AWS does not let us in, or it is registered.")},
    )
    def post(self, request: SignedInApiRequest) -> Response:
        """Ask AWS whose the credentials are, store the account and begin its first refresh."""
        checked(NoParameters, request)
        given = body_of(RegistrationSerializer, request)
        team = _owned_team(request, given.pop("team"))
        form = RegisterForm(given, team=team)
        if not form.is_valid():
            raise_errors_of(form)
        actor = Actor.of_request(request, Door.API)
        try:
            done = register_account(team=team, actor=actor, now=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            raise problem_of(refusal) from refusal
        needed = f"{done.login_needed.message} {done.login_needed.fix}" if done.login_needed else ""
        answer = {
            "account": _detail(request, done.account),
            "run": run_of(request.user, run_id=done.run.pk),
            "login_needed": needed,
        }
        return Response(_Registered(answer).data, status=201)


class TrustPolicy(ReadView):
    """What a role has to ask of this installation before an account can be registered by it."""

    @extend_schema(operation_id="trust_policy", parameters=described(TrustPolicyForm), responses=TrustPolicySerializer)
    def get(self, request: SignedInApiRequest) -> Response:
        """The external id for a team and account, and the trust policy with it; the same each time."""
        form = checked(TrustPolicyForm, request)
        team = _owned_team(request, form.cleaned_data["team"])
        external_id = external_id_for(team=team, account_id=form.cleaned_data["account_id"])
        answer = {
            "external_id": external_id,
            "principal": settings.AWS_PRINCIPAL_ARN,
            "policy": json.loads(trust_policy(external_id)),
        }
        return Response(TrustPolicySerializer(answer).data)


class Account(ReadView):
    """One AWS account."""

    http_method_names = [*ReadView.http_method_names, "patch", "delete"]

    @extend_schema(operation_id="account", responses=AccountDetailSerializer)
    def get(self, request: SignedInApiRequest, pk: int) -> Response:
        """Its way in, its state and its sources."""
        checked(NoParameters, request)
        account = visible_account(request.user, pk=pk)
        if account is None:
            raise NotFound("There is no such account.")
        return Response(AccountDetailSerializer(_detail(request, account)).data)

    @extend_schema(
        operation_id="change_account",
        request=AccountChangeSerializer,
        responses={200: AccountDetailSerializer, 409: OpenApiResponse(description="AWS does not let us in that way.")},
    )
    def patch(self, request: SignedInApiRequest, pk: int) -> Response:
        """Change what is given; another way in is tried before it is stored."""
        checked(NoParameters, request)
        account = _owned(request, pk)
        given = body_of(AccountChangeSerializer, request)
        form = ChangeForm(account=account)
        unfit = sorted(set(given) - set(form.fields))
        if unfit:
            words = ErrorDetail("An account with this way in has no such field.", code="unknown")
            raise ParameterProblem({name: [words] for name in unfit})
        stored = {name: getattr(value, "pk", value) for name, value in form.initial.items() if name in form.fields}
        form = ChangeForm(stored | given, account=account)
        if not form.is_valid():
            raise_errors_of(form)
        actor = Actor.of_request(request, Door.API)
        try:
            change_account(account=account, changes=form.cleaned_data, actor=actor, now=timezone.now())
        except Refused as refusal:
            raise problem_of(refusal) from refusal
        return Response(AccountDetailSerializer(_detail(request, account)).data)

    @extend_schema(
        operation_id="remove_account",
        parameters=[OpenApiParameter(_CONFIRMATION, str, required=True, description="The account's 12-digit id.")],
        responses={
            202: OpenApiResponse(description="No answer counts it any more; its rows are wiped within minutes."),
            204: OpenApiResponse(description="It and its rows are gone."),
        },
    )
    def delete(self, request: SignedInApiRequest, pk: int) -> Response:
        """Remove it with all that was fetched and derived; prices, readings and the audit log stay."""
        account = _owned(request, pk)
        unknown = set(request.query_params) - {_CONFIRMATION}
        if unknown or request.query_params.get(_CONFIRMATION) != account.account_id:
            words = ErrorDetail("Give the id of this account, to say that you mean it.", code="confirmation")
            raise ParameterProblem({_CONFIRMATION: [words]})
        request_removal(account=account, actor=Actor.of_request(request, Door.API), now=timezone.now())
        is_gone = wipe(account=account, statements=STATEMENTS_A_REQUEST)
        return Response(status=204 if is_gone else 202)


def _owned_team(request: SignedInApiRequest, slug: str) -> Team:
    scope_or_404(request.user, slug)
    team = next((team for team in owned_teams(request.user) if team.slug == slug), None)
    if team is None:
        raise PermissionDenied(_OWNERS_ONLY)
    return team


def _owned(request: SignedInApiRequest, pk: int) -> AwsAccount:
    if visible_account(request.user, pk=pk) is None:
        raise NotFound("There is no such account.")
    account = owned_account(request.user, pk=pk)
    if account is None:
        raise PermissionDenied(_OWNERS_ONLY)
    return account


def _detail(request: SignedInApiRequest, account: AwsAccount) -> dict[str, Any]:
    """An account as its serializer wants it."""
    scope = scope_or_404(request.user, account.team.slug)
    health = data_health(scope, now=timezone.now())
    state = next(each for each in account_states(scope, health) if each.row.id == account.pk)
    row = {name: getattr(state.row, name) for name in state.row.__dataclass_fields__}
    return row | {
        "access_kind": account.access_kind,
        "profile_name": account.profile_name,
        "role_arn": account.role_arn,
        "home_region": account.home_region,
        "enabled_regions": account.enabled_regions,
        "payer": account.payer_id,
        "created_at": account.created_at,
        "state": state.state,
        "words": state.words,
        "next_run_at": state.next_run_at,
        "sources": state.health.sources,
    }
