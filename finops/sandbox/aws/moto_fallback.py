"""What the sandbox does not simulate itself is answered by moto, behind the same URL."""

import os
from threading import Lock
from typing import Any

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model

from finops.sandbox.aws.errors import AwsError
from finops.sandbox.aws.wire import Answer, Request, Target

_OK = 200


class MotoFallback:
    """moto's back ends, loaded when first needed: some take seconds. They keep what was created in them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._stubber: Any = None

    def answer(self, request: Request, target: Target, *, account_id: str) -> Answer:
        """Let moto answer in the account of the caller's key, as if asked at AWS's own address."""
        host = f"{_host_name(target.service)}.{target.region}.amazonaws.com"
        headers = HTTPHeaders()
        for name, value in request.headers.items():
            if name.lower() != "host":
                headers[name] = value
        headers["Host"] = host
        headers["x-moto-account-id"] = account_id
        query = "&".join(f"{key}={value}" for key, value in request.query.items(multi=True))
        url = f"https://{host}{request.path}{'?' + query if query else ''}"
        asked = AWSPreparedRequest(request.method, url, headers, request.body, stream_output=False)
        with self._lock:  # moto's back ends are not made for several threads at once
            try:
                status, told, body = self._loaded().process_request(asked)
            except Exception as error:  # moto has no error of its own for what it cannot do
                message = f"Neither the sandbox nor moto answers {target.service} {target.operation}: {error}"
                raise AwsError("UnknownOperationException", message, 501) from error
        told = {str(name).lower(): str(value) for name, value in dict(told).items()}
        told.pop("content-length", None)
        content_type = told.pop("content-type", "text/xml" if status == _OK else "text/plain")
        return Answer(int(status), content_type, body.encode() if isinstance(body, str) else bytes(body), told)

    def _loaded(self) -> Any:
        if self._stubber is None:
            os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # 12 MB that nobody here reads
            from moto.core.botocore_stubber import BotocoreStubber  # noqa: PLC0415 (slow, and rarely needed)

            self._stubber = BotocoreStubber()
        return self._stubber


def _host_name(service: str) -> str:
    try:
        return str(get_service_model(service).endpoint_prefix)
    except UnknownServiceError:
        return service  # what is signed for is mostly what the host is called
