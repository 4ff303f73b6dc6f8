from tests.sandbox_fixtures import aws_client, running_sandbox, sandbox

__all__ = ["aws_client", "running_sandbox", "sandbox"]
