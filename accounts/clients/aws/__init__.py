from .login import AwsLogin
from .session import AwsSession, Operation

__all__ = ["AwsLogin", "AwsSession", "Operation"]
