"""What the endpoint refuses with, in the words of the service that is spoken to."""

from dataclasses import dataclass, field

BROKEN = "InternalFailure"  # the sandbox's own fault: an answer that breaks AWS's model is never sent


@dataclass
class AwsError(Exception):
    """An error answer of AWS: its code, its message and its HTTP status."""

    code: str
    message: str = ""
    status: int = 400
    fields: dict[str, str] = field(default_factory=dict)  # further members of a JSON error


def denied(service: str, operation: str, principal_arn: str) -> AwsError:
    """The principal may not do it."""
    prefix = {"cloudwatch": "cloudwatch", "sso-oidc": "sso"}.get(service, service)
    operation = {"ListBuckets": "ListAllMyBuckets"}.get(operation, operation)
    reason = (
        f"{principal_arn} is not authorized to perform: {prefix}:{operation} "
        f"because no identity-based policy allows the {prefix}:{operation} action"
    )
    if service == "ec2":
        message = f"You are not authorized to perform this operation. User: {reason}"
        return AwsError("UnauthorizedOperation", message, 403)
    if service in {"sts", "cloudwatch", "rds", "s3"}:
        return AwsError("AccessDenied", f"User: {reason}", 403)
    return AwsError("AccessDeniedException", f"User: {reason}")


def unknown_key(service: str) -> AwsError:
    """Nobody has that access key."""
    if service == "ec2":
        return AwsError("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
    message = "The security token included in the request is invalid."
    if service == "s3":
        return AwsError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403)
    if service in {"sts", "cloudwatch", "rds"}:
        return AwsError("InvalidClientTokenId", message, 403)
    return AwsError("UnrecognizedClientException", message)


def expired_key(service: str) -> AwsError:
    """The temporary credentials are past their time."""
    if service == "ec2":
        return AwsError("RequestExpired", "Request has expired.")
    message = "The security token included in the request is expired"
    if service in {"sts", "cloudwatch", "rds", "s3"}:
        return AwsError("ExpiredToken", message, 403)
    return AwsError("ExpiredTokenException", message)


def bad_input(service: str, report: str) -> AwsError:
    """The request does not fit the service's own model."""
    if service in {"ec2", "sts"}:
        return AwsError("MissingParameter" if "Missing required" in report else "InvalidParameterValue", report)
    return AwsError("ValidationException", report)
