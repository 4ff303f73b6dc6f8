"""Lambda: the functions of a region."""

from accounts.clients.aws.session import AwsSession, Operation
from accounts.estimators.resource_kinds import ResourceKind

from .description import ResourceDescription, Told, described, kept, known, words

LIST_FUNCTIONS = Operation("aws_lambda", "lambda", "ListFunctions", "Functions")

_LARGEST_PAGE = 50


def functions(aws: AwsSession, *, region: str) -> list[ResourceDescription]:
    """Every function of `region`, as its latest version stands."""
    pages = aws.pages(
        LIST_FUNCTIONS,
        region=region,
        token="NextMarker",  # noqa: S106 (a key's name)
        sent_as="Marker",
        MaxItems=_LARGEST_PAGE,
    )
    return described(pages, LIST_FUNCTIONS, lambda told: _function(told, region))


def _function(told: Told, region: str) -> ResourceDescription:
    name = told["FunctionName"]
    return ResourceDescription(
        kind=ResourceKind.LAMBDA_FUNCTION,
        region=region,
        resource_id=name,
        arn=told["FunctionArn"],
        name=name,
        state=words(told.get("State")),
        resource_class=words(told.get("Runtime") or told.get("PackageType")),
        facts=known(
            memory_mib=told.get("MemorySize"),
            timeout_seconds=told.get("Timeout"),
            code_bytes=told.get("CodeSize"),
            architectures=told.get("Architectures"),
            modified_at=told.get("LastModified"),
            description=told.get("Description") or None,
        ),
        are_tags_known=False,  # they cost a call a function
        raw=kept(_without_secrets(told)),
    )


def _without_secrets(told: Told) -> Told:
    """The same, with the environment's names but not its values: many keep passwords there."""
    variables = (told.get("Environment") or {}).get("Variables")
    if not variables:
        return told
    return {**told, "Environment": {"Variables": dict.fromkeys(variables, "(not kept)")}}
