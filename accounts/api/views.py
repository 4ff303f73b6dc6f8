"""Refreshes and the health of their sources."""

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.requests import SignedInApiRequest, body_of, raise_errors_of, scope_or_404
from accounts.api.serializers import HealthSerializer, RunSerializer
from accounts.forms import ScopeForm
from accounts.forms.loading import LoadForm
from accounts.selectors.aws_accounts import may_see, operable_account
from accounts.selectors.health import data_health
from accounts.selectors.loading import loadable_accounts
from accounts.selectors.runs import latest_runs, run_of
from accounts.services.runs import request_run
from finops.core.answers import ReadView, TableView, csv_response, wants_csv
from finops.core.parameters import NoParameters, checked, described


class _Runs(serializers.Serializer):  # type: ignore[type-arg]
    count = serializers.IntegerField()
    results = RunSerializer(many=True)


class Refresh(APIView):
    """A refresh of one account."""

    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="refresh_account",
        request=None,
        responses={202: RunSerializer, 403: OpenApiResponse(description="You are a viewer of its team.")},
    )
    def post(self, request: SignedInApiRequest, pk: int) -> Response:
        """Start one, or join the one that is going on; poll /runs/{id} for its progress."""
        checked(NoParameters, request)
        if not may_see(request.user, pk=pk):
            raise NotFound("There is no such account.")
        account = operable_account(request.user, pk=pk)
        if account is None:
            raise PermissionDenied("Only operators and owners of the team may refresh its accounts.")
        if not account.is_active:
            raise PermissionDenied("This account is switched off and is not refreshed.")
        run = request_run(account=account, user=request.user, now=timezone.now())
        return Response(RunSerializer(run_of(request.user, run_id=run.pk)).data, status=202)


class _RefreshesSerializer(serializers.Serializer):  # type: ignore[type-arg]
    accounts = serializers.ListField(
        child=serializers.CharField(max_length=12), allow_empty=False, max_length=500, help_text="12-digit ids."
    )
    regions = serializers.ListField(
        child=serializers.CharField(max_length=40),
        required=False,
        max_length=100,
        help_text="Whose lists are read; every enabled one without.",
    )


class Refreshes(APIView):
    """Refreshes of several accounts."""

    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="load_resources",
        request=_RefreshesSerializer,
        responses={202: _Runs, 403: OpenApiResponse(description="There is no account that you may refresh.")},
    )
    def post(self, request: SignedInApiRequest) -> Response:
        """Start one for each account, or join the one that is going on; poll /runs/{id} for the progress."""
        checked(NoParameters, request)
        given = body_of(_RefreshesSerializer, request)
        accounts = loadable_accounts(scope_or_404(request.user, ""))
        if not accounts:
            raise PermissionDenied("There is no account that you may refresh.")
        form = LoadForm(given, accounts=accounts)
        if not form.is_valid():
            raise_errors_of(form)
        now = timezone.now()
        runs = [
            request_run(account=account, user=request.user, regions=form.cleaned_data["regions"], now=now)
            for account in form.chosen()
        ]
        results = [run_of(request.user, run_id=run.pk) for run in runs]
        return Response(_Runs({"count": len(results), "results": results}).data, status=202)


class Runs(TableView):
    """The latest refresh of each account."""

    @extend_schema(operation_id="runs", parameters=described(ScopeForm), responses=_Runs)
    def get(self, request: SignedInApiRequest) -> HttpResponseBase:
        """By account; an account that was never refreshed has none."""
        form = checked(ScopeForm, request)
        runs = latest_runs(scope_or_404(request.user, form.cleaned_data["team"]))
        results = [runs[key] for key in sorted(runs)]
        if wants_csv(request):
            return csv_response("runs", RunSerializer, results)
        return Response(_Runs({"count": len(results), "results": results}).data)


class Run(ReadView):
    """One refresh."""

    @extend_schema(operation_id="run", responses=RunSerializer)
    def get(self, request: SignedInApiRequest, pk: int) -> Response:
        """How it stands, step by step."""
        checked(NoParameters, request)
        run = run_of(request.user, run_id=pk)
        if run is None:
            raise NotFound("There is no such run.")
        return Response(RunSerializer(run).data)


class Health(ReadView):
    """How every source of your accounts last answered."""

    @extend_schema(operation_id="health", parameters=described(ScopeForm), responses=HealthSerializer)
    def get(self, request: SignedInApiRequest) -> Response:
        """The installation's own sources first, then each account's."""
        form = checked(ScopeForm, request)
        scope = scope_or_404(request.user, form.cleaned_data["team"])
        return Response(HealthSerializer(data_health(scope, now=timezone.now())).data)
